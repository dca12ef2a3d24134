import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { Page } from "@/components/page.tsx";
import { useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { PLACES } from "./places.ts";
import "./settings.css";
import { words } from "./words.ts";
import { words as peopleWords } from "./people-words.ts";

const ALL = { ...peopleWords, ...words } as const;

interface Props {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of the settings, with the way to the others at its left. */
export function SettingsPage({ title, actions, children }: Props) {
  const t = useWords(ALL);
  const operations = useSession((state) => state.operations);
  const places = PLACES.filter(({ needs }) => !needs || operations === null || operations.has(needs));
  return (
    <Page crumbs={[{ label: t("title"), to: "/settings" }, { label: title }]} actions={actions}>
      <div className="settings">
        <nav className="settings-nav" aria-label={t("title")}>
          {places.map(({ path, word }) => (
            <NavLink key={path} to={path} end className="rail-link">
              {t(word)}
            </NavLink>
          ))}
        </nav>
        <div className="settings-body">{children}</div>
      </div>
    </Page>
  );
}
