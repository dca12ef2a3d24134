/** What a user can do in the editor. Menus, keys, the key list and undo all come from the list in `all.ts`. */
import type { Pair } from "@/lib/language.ts";
import type { EditorState } from "../document/store.ts";
import type { Graph, Kinds } from "../graph/graph.ts";
import type { Places } from "../graph/layout.ts";

/** What actions work with. */
export interface Context {
  state: EditorState;
  graph: Graph;
  kinds: Kinds;
  /** Where every node stands now. */
  places: Places;
  canvas: CanvasHandle;
  save: () => Promise<boolean>;
}

/** What the canvas can be told to do. */
export interface CanvasHandle {
  fit: () => void;
  zoomTo: (zoom: number) => void;
  zoomIn: () => void;
  zoomOut: () => void;
  center: (key: string) => void;
  /** The middle of what is seen: on the screen, and on the canvas. */
  middle: () => { x: number; y: number; place: { x: number; y: number } };
}

export interface Action {
  id: string;
  label: Pair;
  /** As `lib/shortcut.ts` spells them; all of them do it. */
  shortcuts: readonly string[];
  /** Works while the text pane has the focus, too. */
  isInText?: boolean;
  /** The browser's own event does it (copy, cut, paste); the keys are only shown. */
  isNative?: boolean;
  isEnabled: (context: Context) => boolean;
  perform: (context: Context) => void;
}
