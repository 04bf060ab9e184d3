import ts from "typescript";
import { changesOf, isAtTop } from "./changes.ts";

/**
 * Returns the mutants of a module, in the order of its text: each is the module
 * with one small change. Left out are changes that cannot change what it does
 * (types, docstrings, imports), texts for people (see {@linkcode isProse}), and
 * what would not parse.
 */
export function mutantsOf(source: string): Mutant[] {
  const file = ts.createSourceFile(
    "module.ts",
    source,
    ts.ScriptTarget.Latest,
    true,
  );
  const seen = new Set<string>([source]);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node) => {
    if (isPassedOver(node)) return;
    for (
      const { at = node, becomes, why } of isProse(node) ? [] : changesOf(node)
    ) {
      const start = at.getStart(file);
      const text = source.slice(0, start) + becomes + source.slice(at.end);
      if (seen.has(text) || !parses(text)) continue;
      seen.add(text);
      const { line } = file.getLineAndCharacterOfPosition(start);
      mutants.push({
        number: mutants.length + 1,
        line: line + 1,
        within: nameOf(node),
        was: oneLine(source.slice(start, at.end)),
        is: oneLine(becomes),
        why,
        text,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mutants;
}

/** A module with one small change. */
export interface Mutant {
  /** Its place among those of its module, from 1. */
  readonly number: number;
  readonly line: number;
  /** The function, method or constant that it stands in: `Guard.admit`. */
  readonly within: string;
  /** What was changed, and into what; both on one line. */
  readonly was: string;
  readonly is: string;
  /** The kind of the change. */
  readonly why: string;
  /** The whole module. */
  readonly text: string;
}

/** Has no say in what a program does. */
function isPassedOver(node: ts.Node): boolean {
  return ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) || isLogCall(node) ||
    (ts.isExpressionStatement(node) && isLogCall(node.expression));
}

/** `log.warn("…", { … })`, `this.#log.info(…)`: what a log says is for people. */
function isLogCall(node: ts.Node): boolean {
  return ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    /(^|[.#])log$/.test(node.expression.expression.getText());
}

/** The fields of errors and answers that are read by people alone. */
const PROSE_FIELDS = /^(?:message|hint|why|note|description|summary)$/;

/** Words for people: a sentence of an error, a hint. Codes and names are not. */
function isProse(node: ts.Node): boolean {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) {
    return false;
  }
  const isSentence = /\s/.test(node.getText());
  for (let at: ts.Node = node; at.parent !== undefined; at = at.parent) {
    const { parent } = at;
    if (ts.isThrowStatement(parent)) return isSentence;
    if (ts.isNewExpression(parent)) {
      const isError = /(?:Error|Failure)$/.test(parent.expression.getText());
      if (isError) return isSentence;
    }
    const isNamed = ts.isPropertyAssignment(parent) ||
      ts.isVariableDeclaration(parent);
    if (isNamed && PROSE_FIELDS.test(parent.name.getText())) return true;
    if (ts.isStatement(parent)) return false;
  }
  return false;
}

function nameOf(node: ts.Node): string {
  const names: string[] = [];
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    const name = ownNameOf(at);
    if (name !== undefined) names.unshift(name);
  }
  return names.join(".");
}

function ownNameOf(node: ts.Node): string | undefined {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const isNamed = ts.isClassDeclaration(node) ||
    ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    (ts.isVariableDeclaration(node) && isAtTop(node));
  return isNamed ? node.name?.getText() : undefined;
}

function parses(text: string): boolean {
  const file = ts.createSourceFile("module.ts", text, ts.ScriptTarget.Latest);
  // The parser's own findings, which its types do not show.
  return "parseDiagnostics" in file &&
    Array.isArray(file.parseDiagnostics) && file.parseDiagnostics.length === 0;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
