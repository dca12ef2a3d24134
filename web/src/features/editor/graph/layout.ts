/** Where nodes stand: left to right, in the order of the edges. */
import dagreLibrary from "@dagrejs/dagre";
import type { FrameView } from "../document/read.ts";
import type { Graph } from "./graph.ts";

export interface Place {
  x: number;
  y: number;
}

export type Places = Readonly<Record<string, Place>>;

export const NODE_WIDTH = 220;
const HEAD = 56;
const PORT = 22;
const GAP = 64;
const FRAMED_GAP = 76;

export function nodeHeight(ports: number): number {
  return HEAD + (ports ? ports * PORT + 4 : 0);
}

/** Places for all nodes; those `kept` stay where they are. The steps of a frame stand together, with no other among them. */
export function layout(graph: Graph, frames: readonly FrameView[] = [], kept: Places = {}): Places {
  const clusters = clustersOf(graph, frames);
  const dagre = new dagreLibrary.graphlib.Graph({ compound: clusters.length > 0 });
  // Between a step in a frame and one outside lie the frame's edge and its title.
  dagre.setGraph({ rankdir: "LR", nodesep: clusters.length > 0 ? FRAMED_GAP : 28, ranksep: GAP, edgesep: 16, ranker: graph.nodes.length > 300 ? "longest-path" : "network-simplex" });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) dagre.setNode(node.key, { width: NODE_WIDTH, height: nodeHeight(node.ports.length) });
  for (const edge of graph.edges) dagre.setEdge(edge.from, edge.to, { weight: edge.kind === "data" ? 3 : 1 });
  for (const [at, { key, members }] of clusters.entries()) {
    dagre.setNode(key, {});
    for (const member of members) dagre.setParent(member, key);
    // What was set before is larger: a frame in a frame.
    const outer = clusters.slice(0, at).findLast((other) => members.every((member) => other.members.includes(member)));
    if (outer) dagre.setParent(key, outer.key);
  }
  dagreLibrary.layout(dagre);
  const places: Record<string, Place> = {};
  for (const node of graph.nodes) {
    const found = dagre.node(node.key);
    places[node.key] = { x: Math.round(found.x - NODE_WIDTH / 2), y: Math.round(found.y - nodeHeight(node.ports.length) / 2) };
  }
  return graph.nodes.some((node) => kept[node.key]) ? amongKept(graph, places, kept) : places;
}

/** Frames as groups of the layout, the largest first; of two that share steps without one lying in the other, the larger. */
function clustersOf(graph: Graph, frames: readonly FrameView[]): { key: string; members: string[] }[] {
  const there = new Set(graph.nodes.map((node) => node.key));
  const wanted = frames.map(({ key, steps }) => ({ key, members: steps.filter((step) => there.has(step)) })).filter(({ members }) => members.length > 1);
  wanted.sort((a, b) => b.members.length - a.members.length);
  const clusters: typeof wanted = [];
  for (const one of wanted) {
    const isApartOrInside = clusters.every(({ members }) => {
      const shared = one.members.filter((member) => members.includes(member)).length;
      return shared === 0 || shared === one.members.length;
    });
    if (isApartOrInside) clusters.push(one);
  }
  return clusters;
}

/** Nodes that were put somewhere stay; each other one stands to the right of what it follows, where nothing is yet. */
function amongKept(graph: Graph, laid: Places, kept: Places): Places {
  const places: Record<string, Place> = {};
  const heights = new Map(graph.nodes.map((node) => [node.key, nodeHeight(node.ports.length)]));
  const before = new Map<string, string[]>();
  for (const edge of graph.edges) before.set(edge.to, [...(before.get(edge.to) ?? []), edge.from]);
  const placed = graph.nodes.filter((node) => kept[node.key]).map((node) => node.key);
  for (const key of placed) places[key] = kept[key] ?? { x: 0, y: 0 };
  // How far the kept ones lie from where the layout would have them, for those that follow nothing.
  const mean = (of: "x" | "y") => placed.reduce((sum, key) => sum + (kept[key]?.[of] ?? 0) - (laid[key]?.[of] ?? 0), 0) / placed.length;
  const shift = { x: Math.round(mean("x")), y: Math.round(mean("y")) };
  const others = graph.nodes.map((node) => node.key).filter((key) => !kept[key]);
  others.sort((a, b) => (laid[a]?.x ?? 0) - (laid[b]?.x ?? 0));
  for (const key of others) {
    const sources = (before.get(key) ?? []).flatMap((source) => places[source] ?? []);
    const at = sources.length
      ? { x: Math.max(...sources.map((source) => source.x)) + NODE_WIDTH + GAP, y: Math.min(...sources.map((source) => source.y)) }
      : { x: (laid[key]?.x ?? 0) + shift.x, y: (laid[key]?.y ?? 0) + shift.y };
    places[key] = freePlace(at, heights.get(key) ?? HEAD, places, heights);
  }
  return places;
}

/** The first place at or below `at` in which a node of that height covers no other. */
function freePlace(at: Place, height: number, places: Places, heights: ReadonlyMap<string, number>): Place {
  const covers = (y: number) =>
    Object.entries(places).some(
      ([key, other]) => Math.abs(other.x - at.x) < NODE_WIDTH + 16 && y < other.y + (heights.get(key) ?? HEAD) + 16 && other.y < y + height + 16,
    );
  let { y } = at;
  while (covers(y)) y += 20;
  return { x: at.x, y };
}

/** The nearest node in a direction, for the arrow keys: along an edge to the left and right, else by place. */
export function neighbor(graph: Graph, places: Places, key: string, way: "left" | "right" | "up" | "down"): string | undefined {
  const here = places[key];
  if (!here) return graph.nodes[0]?.key;
  const joined =
    way === "right"
      ? graph.edges.filter((edge) => edge.from === key).map((edge) => edge.to)
      : way === "left"
        ? graph.edges.filter((edge) => edge.to === key).map((edge) => edge.from)
        : [];
  const others = joined.length ? joined : graph.nodes.map((node) => node.key).filter((other) => other !== key);
  let best: string | undefined;
  let least = Infinity;
  for (const other of others) {
    const there = places[other];
    if (!there) continue;
    const [dx, dy] = [there.x - here.x, there.y - here.y];
    const ahead = way === "left" ? -dx : way === "right" ? dx : way === "up" ? -dy : dy;
    const aside = Math.abs(way === "left" || way === "right" ? dy : dx);
    if (!joined.length && (ahead <= 0 || aside > ahead * 3)) continue;
    const far = Math.max(0, ahead) + aside * 2;
    if (far < least) [least, best] = [far, other];
  }
  return best;
}
