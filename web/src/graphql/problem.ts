/** An error in the one shape that the server speaks everywhere. */
export interface ProblemView {
  code: string;
  message: string;
  hint?: string | null;
  path?: string | null;
  line?: number | null;
  column?: number | null;
}

export class ApiProblem extends Error {
  readonly problem: ProblemView;

  constructor(problem: ProblemView) {
    super(problem.message);
    this.name = "ApiProblem";
    this.problem = problem;
  }
}

/** Any error in that shape. */
export function asProblem(error: unknown): ProblemView {
  if (error instanceof ApiProblem) return error.problem;
  return { code: "unexpected", message: error instanceof Error ? error.message : String(error) };
}

/** Reads what a server sent as an error; what is none answers nothing. */
export function readProblem(value: unknown): ProblemView | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const given = value as Record<string, unknown>;
  if (typeof given["message"] !== "string") return undefined;
  const extensions = (given["extensions"] ?? given) as Record<string, unknown>;
  const text = (key: string) => (typeof extensions[key] === "string" ? extensions[key] : undefined);
  const number = (key: string) => (typeof extensions[key] === "number" ? extensions[key] : undefined);
  return {
    code: text("code") ?? "unexpected",
    message: given["message"],
    hint: text("hint"),
    path: text("path"),
    line: number("line"),
    column: number("column"),
  };
}
