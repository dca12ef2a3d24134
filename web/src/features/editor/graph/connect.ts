/** Which wires may be drawn. The server has the last word; this keeps people from drawing what it will refuse. */
import type { Graph, GraphNode } from "./graph.ts";

export type WireKind = "data" | "control";

/** What a wire between these two would be; undefined where none may be. */
export function wireKind(graph: Graph, from: string, isData: boolean, to: string): WireKind | undefined {
  if (from === to || isBefore(graph, to, from)) return undefined;
  const target = graph.nodes.find((node) => node.key === to);
  if (!target) return undefined;
  return isData && takesRows(target) ? "data" : "control";
}

export function takesRows(node: Pick<GraphNode, "takesRows">): boolean {
  return node.takesRows !== "NONE";
}

/** Whether a path of edges leads from the one to the other. */
export function isBefore(graph: Graph, from: string, to: string): boolean {
  return downstream(graph, [from]).has(to);
}

/** All that follows, those given left out unless they follow themselves. */
export function downstream(graph: Graph, keys: readonly string[]): Set<string> {
  return reach(keys, (key) => graph.edges.filter((edge) => edge.from === key).map((edge) => edge.to));
}

export function upstream(graph: Graph, keys: readonly string[]): Set<string> {
  return reach(keys, (key) => graph.edges.filter((edge) => edge.to === key).map((edge) => edge.from));
}

function reach(keys: readonly string[], next: (key: string) => string[]): Set<string> {
  const found = new Set<string>();
  const open = [...keys];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const after of next(key)) {
      if (found.has(after)) continue;
      found.add(after);
      open.push(after);
    }
  }
  return found;
}
