import { ReactFlowProvider } from "@xyflow/react";
import { BoxSelect, Ellipsis, FlaskConical, History, ListTree, Maximize, Play, Plus, Redo2, Save, StickyNote, Undo2 } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { Button } from "@/components/button.tsx";
import { Empty, Skeleton } from "@/components/empty.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Menu, MenuItem, MenuLine } from "@/components/menu.tsx";
import { Page } from "@/components/page.tsx";
import { Status } from "@/components/status.tsx";
import { useData } from "@/graphql/client.ts";
import { May } from "@/graphql/may.tsx";
import { download } from "@/lib/download.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import type { CanvasHandle, Context } from "./actions/action.ts";
import { actions } from "./actions/all.ts";
import { Canvas } from "./canvas/canvas.tsx";
import { isItem } from "./document/canvas.ts";
import { read } from "./document/read.ts";
import { isDirty, useEditor } from "./document/store.ts";
import "./editor.css";
import { EXAMPLE } from "./example.ts";
import { StepPanel } from "./form/step-panel.tsx";
import { graphOf } from "./graph/graph.ts";
import { layout } from "./graph/layout.ts";
import { ConnectionNames } from "./operations.ts";
import { AddPanel } from "./panes/add-panel.tsx";
import { ConflictDialog } from "./panes/conflict-dialog.tsx";
import { FindPanel } from "./panes/find-panel.tsx";
import { KeysDialog } from "./panes/keys-dialog.tsx";
import { KindList } from "./panes/kind-list.tsx";
import { Problems } from "./panes/problems.tsx";
import { RunDialog } from "./panes/run-dialog.tsx";
import { VersionsDrawer } from "./panes/versions-drawer.tsx";
import { useActions } from "./use-actions.ts";
import { useCheck } from "./use-check.ts";
import { useKinds } from "./use-kinds.ts";
import { useSave } from "./use-save.ts";
import { words } from "./words.ts";

const TryPane = lazy(async () => ({ default: (await import("./panes/try-pane.tsx")).TryPane }));
const TextPane = lazy(async () => ({ default: (await import("./panes/text-pane.tsx")).TextPane }));

/** The open document, to be edited. */
export function Editor() {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const canvas = useRef<CanvasHandle | null>(null);
  const state = useEditor();
  const { text, saved, selected, panel, places: kept, isDraft } = state;
  const { kinds, isLoaded } = useKinds();
  const isChecking = useCheck();
  const { save, isSaving, theirs, dropTheirs } = useSave();
  const [view, setView] = useState<"canvas" | "text">("canvas");
  const isChanged = isDirty(state);
  const { data: connections } = useData(ConnectionNames, {}, { staleTime: 30_000 });
  const names = useMemo(() => connections?.connections.nodes.map((one) => one.name) ?? [], [connections]);

  const document = useMemo(() => read(text), [text]);
  const graph = useMemo(() => graphOf(document.steps, kinds), [document, kinds]);
  const shape = JSON.stringify([graph.nodes.map((node) => [node.key, node.ports.length]), graph.edges.map((edge) => edge.id), document.frames.map((frame) => frame.steps)]);
  // Only what is drawn moves nodes, not what is written inside of them.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const places = useMemo(() => layout(graph, document.frames, kept), [shape, kept]);

  // The canvas comes after the rendering that made it, and keys are heard from then on: it is looked up when it is asked for.
  const latest = useRef<Omit<Context, "canvas" | "state">>(null);
  latest.current = { graph, kinds, places, save: () => save() };
  const context = useCallback((): Context | null => {
    if (!latest.current || !canvas.current) return null;
    return { ...latest.current, state: useEditor.getState(), canvas: canvas.current };
  }, []);
  useActions(context);
  const perform = (id: string) => {
    const action = actions.find((one) => one.id === id);
    const now = context();
    if (now && action?.isEnabled(now)) action.perform(now);
  };

  // The selected step is part of the address, so that it can be linked.
  const wanted = search.get("step");
  const isRunAsked = search.get("run") !== null;
  const handed: unknown = useLocation().state;
  useEffect(() => {
    if (wanted) useEditor.getState().select([wanted]);
    if (isRunAsked) useEditor.getState().setPanel({ kind: "run", given: inputsOf(handed) });
    // Only what the address says at first.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  const only = selected.length === 1 ? selected[0] : undefined;
  useEffect(() => {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      next.delete("run");
      if (only === undefined || isItem(only)) next.delete("step");
      else next.set("step", only);
      return next;
    }, { replace: true });
  }, [only, setSearch]);

  // What was just added may stand outside of what is seen; the canvas knows it one frame later.
  useEffect(() => {
    if (only === undefined) return undefined;
    const timer = setTimeout(() => canvas.current?.center(only), 60);
    return () => clearTimeout(timer);
  }, [only]);

  const step = document.steps.find((one) => one.key === only);
  const drawn = useMemo(() => [...document.notes, ...document.frames], [document]);
  const title = saved?.name ?? (document.name || t("newWorkflow"));
  return (
    <Page
      crumbs={[{ label: t("workflows"), to: "/workflows" }, { label: title }]}
      beside={
        <span className="row editor-state">
          {isChanged ? <Status tone="warned">{t("unsaved")}</Status> : saved && <span className="muted">{t("version", { number: saved.version })}</span>}
        </span>
      }
      actions={
        <>
          <span className="editor-wide row">
            <IconButton icon={Undo2} label={t("undo")} shortcut="Mod+z" disabled={state.past.length === 0} onClick={state.undo} />
            <IconButton icon={Redo2} label={t("redo")} shortcut="Mod+Shift+z" disabled={state.future.length === 0} onClick={state.redo} />
            <IconButton icon={History} label={t("versions")} disabled={!saved} onClick={() => state.setPanel({ kind: "versions" })} />
          </span>
          <Menu trigger={<IconButton icon={Ellipsis} label={t("more_")} />}>
            {actions
              .filter((action) => ["copy", "cut", "paste", "duplicate", "switch-off", "remove", "remove-and-reconnect", "select-all", "find"].includes(action.id))
              .map((action) => (
                <MenuItem key={action.id} shortcut={action.shortcuts[0] ?? ""} onSelect={() => perform(action.id)}>
                  {pick(action.label, language)}
                </MenuItem>
              ))}
            {selected.length > 1 && <MenuLine />}
            {selected.length > 1 &&
              actions
                .filter((action) => ["align-left", "align-top", "spread"].includes(action.id))
                .map((action) => (
                  <MenuItem key={action.id} disabled={action.id === "spread" && selected.length < 3} onSelect={() => perform(action.id)}>
                    {pick(action.label, language)}
                  </MenuItem>
                ))}
            <MenuLine />
            <MenuItem disabled={!saved} onSelect={() => state.setPanel({ kind: "versions" })}>
              {t("versions")}
            </MenuItem>
            <MenuItem disabled={!saved} onSelect={() => void navigate(`/runs?workflow=${saved?.name ?? ""}`)}>
              {t("history")}
            </MenuItem>
            <MenuItem onSelect={() => download(`${document.name || "workflow"}.yaml`, text, "application/yaml")}>{t("export")}</MenuItem>
            <MenuItem shortcut="?" onSelect={() => state.setPanel({ kind: "keys" })}>
              {t("keys")}
            </MenuItem>
          </Menu>
          <May ask="tryDocument">
            <Button icon={FlaskConical} className="short-narrow" disabled={graph.nodes.length === 0} onClick={() => state.setTrying(true)}>
              {t("try")}
            </Button>
          </May>
          <May ask="saveWorkflow">
            <Button icon={Save} className="short-narrow" isBusy={isSaving} disabled={!isChanged} onClick={() => void save()}>
              {t("save")}
            </Button>
          </May>
          <May ask="startRun">
            <Button tone="main" icon={Play} disabled={graph.nodes.length === 0} onClick={() => state.setPanel({ kind: "run" })}>
              {t("run")}
            </Button>
          </May>
        </>
      }
    >
      {isDraft && (
        <div className="editor-draft" role="status">
          {t("draft")}
          <Button tone="ghost" onClick={state.dropDraft}>
            {t("dropDraft")}
          </Button>
        </div>
      )}
      <div className="editor-views" role="tablist" aria-label={t("canvas")}>
        {(["canvas", "text"] as const).map((one) => (
          <button key={one} type="button" role="tab" className="tab" data-state={view === one ? "active" : ""} aria-selected={view === one} onClick={() => setView(one)}>
            {t(one)}
          </button>
        ))}
      </div>
      <div className={`editor editor-shows-${view}`}>
        <KindList kinds={kinds} />
        <div className="editor-canvas">
          {isLoaded ? (
            <ReactFlowProvider>
              <Canvas graph={graph} kinds={kinds} places={places} notes={document.notes} frames={document.frames} handle={canvas} label={t("graph")} />
            </ReactFlowProvider>
          ) : (
            <Skeleton rows={4} />
          )}
          {isLoaded && graph.nodes.length === 0 && (
            <div className="canvas-empty">
              <Empty icon={ListTree} title={t("emptyTitle")}>
                <p>{t("emptyText")}</p>
                <Button onClick={() => state.edit(EXAMPLE)}>{t("emptyExample")}</Button>
              </Empty>
            </div>
          )}
          <div className="canvas-tools">
            <IconButton icon={Plus} label={t("add")} shortcut="Tab" onClick={() => perform("add")} />
            <IconButton icon={StickyNote} label={t("addNote")} shortcut="n" onClick={() => perform("note")} />
            <IconButton icon={BoxSelect} label={t("addFrame")} shortcut="g" disabled={!selected.some((key) => !isItem(key))} onClick={() => perform("frame")} />
            <IconButton icon={ListTree} label={t("layout")} shortcut="l" onClick={() => perform("arrange")} />
            <IconButton icon={Maximize} label={t("fit")} shortcut="1" onClick={() => canvas.current?.fit()} />
          </div>
        </div>
        <div className="editor-side">
          {step && (
            <div className="editor-form">
              <StepPanel step={step} kind={kinds.get(step.uses)} />
            </div>
          )}
          {selected.length > 1 && <p className="editor-many muted">{t("selectedSteps", { n: selected.filter((key) => !isItem(key)).length })}</p>}
          <div className="editor-text">
            <Suspense fallback={<Skeleton rows={6} height={18} />}>
              <TextPane steps={document.steps} drawn={drawn} kinds={kinds} connections={names} label={t("text")} />
            </Suspense>
          </div>
        </div>
      </div>
      {state.isTrying && (
        <Suspense fallback={<Skeleton rows={4} height={18} />}>
          <TryPane steps={document.steps} />
        </Suspense>
      )}
      <Problems isChecking={isChecking} steps={document.steps} />
      {panel?.kind === "add" && <AddPanel panel={panel} graph={graph} kinds={kinds} />}
      {panel?.kind === "find" && <FindPanel graph={graph} canvas={canvas.current} />}
      {panel?.kind === "keys" && <KeysDialog onClose={() => state.setPanel(null)} />}
      {panel?.kind === "run" && <RunDialog name={title} inputs={document.inputs} given={panel.given} save={() => save()} />}
      {panel?.kind === "versions" && saved && <VersionsDrawer workflow={saved.id} />}
      {theirs && <ConflictDialog theirs={theirs} onOverwrite={() => void save(true)} onClose={dropTheirs} />}
    </Page>
  );
}

/** Inputs that another page hands over: those of a run that is to be repeated. */
function inputsOf(state: unknown): Record<string, unknown> | undefined {
  if (typeof state !== "object" || state === null || !("inputs" in state)) return undefined;
  return typeof state.inputs === "object" && state.inputs !== null ? (state.inputs as Record<string, unknown>) : undefined;
}
