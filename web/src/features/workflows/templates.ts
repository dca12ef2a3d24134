/** The ready-made workflows of `workflows/`, taken into the page when it is built. */
import { parse } from "yaml";

const documents = import.meta.glob<string>("../../../../workflows/*/workflow.yaml", { query: "?raw", import: "default", eager: true });
const readmes = import.meta.glob<string>("../../../../workflows/*/README.md", { query: "?raw", import: "default", eager: true });

export interface Template {
  name: string;
  description: string;
  text: string;
  readme: string;
  steps: number;
  /** Connections that its steps name. */
  connections: readonly string[];
}

export const templates: readonly Template[] = Object.entries(documents)
  .map(([path, text]) => readTemplate(path.split("/").at(-2) ?? "", text, readmes[path.replace("workflow.yaml", "README.md")] ?? ""))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

/** A template out of its files. */
export function readTemplate(folder: string, text: string, readme: string): Template {
  const document = parse(text) as { name?: string; description?: string; steps?: unknown[] } | null;
  const connections = new Set<string>();
  collect(document?.steps, connections);
  return {
    name: document?.name ?? folder,
    description: document?.description ?? "",
    text,
    readme,
    steps: document?.steps?.length ?? 0,
    connections: [...connections].sort(),
  };
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collect(one, found);
  else if (typeof value === "object" && value !== null) {
    for (const [name, own] of Object.entries(value)) {
      if (name === "connection" && typeof own === "string" && !own.includes("${{")) found.add(own);
      else collect(own, found);
    }
  }
}
