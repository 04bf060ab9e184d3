/** What the model does in one round, read from the prompt. */
export type ModelStep =
  | {
    readonly kind: "text";
    readonly pieces: readonly string[];
    readonly delayMs: number;
    /** How much of the account's limit it says is used; 0: it does not say. */
    readonly usedPercent?: number;
  }
  | {
    readonly kind: "shell";
    readonly cmd: string;
    readonly escalate: boolean;
    /** Why it is to leave the sandbox; empty: it does not say. */
    readonly reason: string;
  }
  | {
    readonly kind: "ask";
    readonly question: string;
    readonly options: readonly string[];
  }
  | { readonly kind: "patch"; readonly file: string; readonly text: string }
  | { readonly kind: "status"; readonly code: number; readonly times: number }
  | { readonly kind: "break"; readonly after: number }
  | { readonly kind: "hang" };

const DIRECTIVE = /@model:(\w+)((?:[ \t]+\w+=(?:"[^"]*"|\S+))*)/g;
const PAIR = /(\w+)=(?:"([^"]*)"|(\S+))/g;

/**
 * Reads the steps that a prompt asks for, one a round:
 * `@model:text n=3 text="Hi" delay=20 used=42`, `@model:shell cmd="ls" escalate=1 reason=""`,
 * `@model:patch file=/a text=b`, `@model:ask question="Which?" options="a,b"`,
 * `@model:status code=500 times=1`, `@model:break after=2`, `@model:hang`.
 * A prompt without any is echoed.
 */
export function modelScript(prompt: string): readonly ModelStep[] {
  const steps = [...prompt.matchAll(DIRECTIVE)].map(([, kind, pairs]) => {
    const given = new Map(
      [...(pairs ?? "").matchAll(PAIR)].map((
        [, name, quoted, bare],
      ) => [name, quoted ?? bare ?? ""]),
    );
    return step(kind ?? "", given);
  });
  return steps.length > 0
    ? steps
    : [{ kind: "text", pieces: [`echo: ${prompt}`], delayMs: 0 }];
}

/** What a step of the kind `ask` asks, in the form of Codex's tool. */
export function questionsOf(
  { question, options }: Extract<ModelStep, { kind: "ask" }>,
) {
  const labels = options.map((label) => ({ label, description: label }));
  return [{ id: "choice", header: "Choice", question, options: labels }];
}

function step(
  kind: string,
  given: ReadonlyMap<string | undefined, string>,
): ModelStep {
  const number = (name: string, fallback: number) =>
    Number(given.get(name) ?? fallback);
  switch (kind) {
    case "text":
      return {
        kind,
        pieces: Array(number("n", 1)).fill(given.get("text") ?? "word "),
        delayMs: number("delay", 0),
        usedPercent: number("used", 0),
      };
    case "shell":
      return {
        kind,
        cmd: given.get("cmd") ?? "true",
        escalate: given.get("escalate") === "1",
        reason: given.get("reason") ?? "the test asks",
      };
    case "ask":
      return {
        kind,
        question: given.get("question") ?? "Which one?",
        options: (given.get("options") ?? "one,two").split(","),
      };
    case "patch":
      return {
        kind,
        file: given.get("file") ?? "file",
        text: given.get("text") ?? "text",
      };
    case "status":
      return { kind, code: number("code", 500), times: number("times", 1e9) };
    case "break":
      return { kind, after: number("after", 1) };
    case "hang":
      return { kind };
    default:
      throw new Error(`Cannot read the prompt: no model step "${kind}"`);
  }
}
