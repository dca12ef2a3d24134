import { Copy } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { useWords } from "@/lib/language.ts";
import "./facts.css";
import { IconButton } from "./icon-button.tsx";

const words = { copy: ["Copy", "复制"] } as const;

/** Names and values, a line each; what is undefined is left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) =>
        value === undefined || value === null ? null : (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ),
      )}
    </dl>
  );
}

/** An id, digest or text for a machine, with a button that copies it. */
export function CopyText({ text, short }: { text: string; short?: string }) {
  const t = useWords(words);
  return (
    <span className="copy-text">
      <code title={text}>{short ?? text}</code>
      <IconButton icon={Copy} label={t("copy")} onClick={() => void navigator.clipboard.writeText(text)} />
    </span>
  );
}

/** A part of a page under a heading of its own. */
export function Section({ title, beside, children }: { title: string; beside?: ReactNode; children: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <header className="section-head">
        <h2>{title}</h2>
        {beside}
      </header>
      {children}
    </section>
  );
}
