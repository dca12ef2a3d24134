import { useStore } from "@xyflow/react";

/** From so many steps on the canvas must save work. */
const LARGE = 80;
/** Below this zoom nobody can read what stands on a node: of a large workflow only boxes and lines are drawn. */
const FAR = 0.4;

/** How a canvas of so many steps saves work where it is seen from now. */
export function useFar(steps: number): { isFar: boolean; isCulled: boolean } {
  const isLarge = steps > LARGE;
  const isFar = useStore(({ transform }) => isLarge && transform[2] < FAR);
  // Near by, what is out of sight is left out; from afar, taking nodes out and in again costs more than drawing them.
  return { isFar, isCulled: isLarge && !isFar };
}
