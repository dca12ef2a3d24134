import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { Chooser, rank } from "./chooser.tsx";

const CHOICES = [
  { key: "1", label: "classify", detail: "transforms nothing" },
  { key: "2", label: "transform", detail: "SQL" },
  { key: "3", label: "route" },
];

it("puts the best match first", () => {
  expect(rank(CHOICES, "trans").map((choice) => choice.label)).toEqual(["transform", "classify"]);
  expect(rank(CHOICES, "")).toHaveLength(3);
});

it("takes what was typed at once, however quickly Enter follows", async () => {
  const onChoose = vi.fn();
  render(<Chooser label="Kinds" placeholder="Find" empty="None" choices={CHOICES} onChoose={onChoose} />);
  await userEvent.keyboard("rou{Enter}");
  expect(onChoose).toHaveBeenCalledWith(CHOICES[2]);
  await userEvent.clear(screen.getByRole("combobox"));
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(onChoose).toHaveBeenLastCalledWith(CHOICES[1]);
  await userEvent.keyboard("zzz{Enter}");
  expect(screen.getByText("None")).toBeVisible();
  expect(onChoose).toHaveBeenCalledTimes(2);
});
