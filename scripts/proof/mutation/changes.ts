import ts from "typescript";

/** Returns the small changes that a piece of a module is given. */
export function changesOf(node: ts.Node): Change[] {
  return CHANGERS.flatMap((changer) => [...changer(node)]);
}

/** What stands in the place of a piece, or of a part of it. */
interface Change {
  /** Default: the piece itself. */
  readonly at?: ts.Node;
  readonly becomes: string;
  /** The kind of the change. */
  readonly why: string;
}

type Changer = (node: ts.Node) => Iterable<Change>;

/** What an operator becomes: its boundary moved, its sense turned. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "&&": ["||"],
  "||": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "+=": ["-="],
  "-=": ["+="],
};

const COMPARISONS = /^(?:[=!]==|[<>]=?)$/;

const CHANGERS: readonly Changer[] = [
  function* operator(node) {
    if (!ts.isBinaryExpression(node)) return;
    const { left, operatorToken, right } = node;
    const sign = operatorToken.getText();
    const joinsTexts = sign === "+" && [left, right].some(isText);
    for (const other of joinsTexts ? [] : OPERATORS[sign] ?? []) {
      yield {
        becomes: `${left.getText()} ${other} ${right.getText()}`,
        why: "operator",
      };
    }
    if (sign === "??") yield { becomes: left.getText(), why: "default" };
  },

  function* condition(node) {
    const asked = ts.isIfStatement(node) || ts.isWhileStatement(node)
      ? node.expression
      : ts.isConditionalExpression(node) || ts.isForStatement(node)
      ? node.condition
      : undefined;
    if (asked === undefined) return;
    yield { at: asked, becomes: "false", why: "condition" };
    // A loop that never ends says nothing but that it was entered.
    if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
      yield { at: asked, becomes: "true", why: "condition" };
    }
  },

  function* negation(node) {
    if (
      ts.isPrefixUnaryExpression(node) &&
      node.operator === ts.SyntaxKind.ExclamationToken
    ) yield { becomes: node.operand.getText(), why: "negation" };
  },

  function* counter(node) {
    if (
      !ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)
    ) {
      return;
    }
    const text = node.getText();
    const other = text.includes("++")
      ? text.replace("++", "--")
      : text.replace("--", "++");
    if (other !== text) yield { becomes: other, why: "counter" };
  },

  function* truth(node) {
    if (node.kind === ts.SyntaxKind.TrueKeyword) {
      yield { becomes: "false", why: "truth" };
    }
    if (node.kind === ts.SyntaxKind.FalseKeyword) {
      yield { becomes: "true", why: "truth" };
    }
  },

  function* text(node) {
    if (!isText(node)) return;
    const isEmpty = ts.isStringLiteralLike(node) && node.text === "";
    yield { becomes: isEmpty ? '"mutated"' : '""', why: "text" };
  },

  /** Limits, and what is compared, are off by one. */
  function* number(node) {
    if (!ts.isNumericLiteral(node)) return;
    const { parent } = node;
    const counts = ts.isVariableDeclaration(parent) && isAtTop(parent) ||
      ts.isBinaryExpression(parent) &&
        COMPARISONS.test(parent.operatorToken.getText());
    const value = Number(node.text.replaceAll("_", ""));
    if (counts) yield { becomes: `${value + 1}`, why: "off by one" };
  },

  function* list(node) {
    if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) {
      yield { becomes: "[]", why: "list" };
    }
  },

  function* result(node) {
    if (ts.isReturnStatement(node) && node.expression !== undefined) {
      if (node.expression.getText() !== "undefined") {
        yield { becomes: "return undefined;", why: "result" };
      }
    }
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      if (node.body.getText() !== "undefined") {
        yield { at: node.body, becomes: "undefined", why: "result" };
      }
    }
  },

  function* statement(node) {
    const isRemovable = ts.isExpressionStatement(node) ||
      ts.isThrowStatement(node) || ts.isContinueStatement(node) ||
      ts.isBreakStatement(node) ||
      ts.isReturnStatement(node) && node.expression === undefined;
    if (isRemovable && !node.getText().startsWith("super(")) {
      yield { becomes: ";", why: "statement" };
    }
  },

  function* chain(node) {
    if (
      (ts.isPropertyAccessExpression(node) ||
        ts.isElementAccessExpression(node) || ts.isCallExpression(node)) &&
      node.questionDotToken !== undefined
    ) {
      const isProperty = ts.isPropertyAccessExpression(node);
      yield {
        at: node.questionDotToken,
        becomes: isProperty ? "." : "",
        why: "chain",
      };
    }
  },
];

function isText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

/** Tells whether a constant stands at the top of its module, as limits do. */
export function isAtTop(node: ts.VariableDeclaration): boolean {
  return ts.isSourceFile(node.parent.parent.parent);
}
