/** Whether the server answers. The frame shows a banner while it does not, and asks again until it does. */
import { create } from "zustand";

interface LinkState {
  isUp: boolean;
}

export const useLink = create<LinkState>()(() => ({ isUp: true }));

let asking: ReturnType<typeof setTimeout> | undefined;

export function reportUp(): void {
  clearTimeout(asking);
  asking = undefined;
  if (!useLink.getState().isUp) useLink.setState({ isUp: true });
}

export function reportDown(): void {
  if (useLink.getState().isUp) useLink.setState({ isUp: false });
  asking ??= setTimeout(ask, 1500);
}

function ask(): void {
  asking = undefined;
  fetch("/health", { cache: "no-store" }).then(reportUp, reportDown);
}
