/** Every action, in the order of the list of keys. */
import type { Action } from "./action.ts";
import { add } from "./add.ts";
import { alignLeft, alignTop, spread } from "./align.ts";
import { arrange } from "./arrange.ts";
import { close } from "./close.ts";
import { copy } from "./copy.ts";
import { cut } from "./cut.ts";
import { duplicate } from "./duplicate.ts";
import { find } from "./find.ts";
import { fit } from "./fit.ts";
import { frame } from "./frame.ts";
import { fullSize } from "./full-size.ts";
import { keys } from "./keys.ts";
import { note } from "./note.ts";
import { open } from "./open.ts";
import { paste } from "./paste.ts";
import { redo } from "./redo.ts";
import { removeAndReconnect } from "./remove-and-reconnect.ts";
import { remove } from "./remove.ts";
import { rename } from "./rename.ts";
import { run } from "./run.ts";
import { save } from "./save.ts";
import { selectAll } from "./select-all.ts";
import { switchOff } from "./switch-off.ts";
import { tryOut } from "./try.ts";
import { undo } from "./undo.ts";
import { extendDown, extendUp, walkDown, walkLeft, walkRight, walkUp } from "./walk.ts";
import { zoomIn } from "./zoom-in.ts";
import { zoomOut } from "./zoom-out.ts";

export const actions: readonly Action[] = [
  add,
  open,
  close,
  rename,
  note,
  frame,
  switchOff,
  remove,
  removeAndReconnect,
  undo,
  redo,
  copy,
  cut,
  paste,
  duplicate,
  selectAll,
  find,
  save,
  tryOut,
  run,
  walkLeft,
  walkRight,
  walkUp,
  walkDown,
  extendUp,
  extendDown,
  arrange,
  alignLeft,
  alignTop,
  spread,
  fit,
  fullSize,
  zoomIn,
  zoomOut,
  keys,
];
