import { Menu as MenuIcon, Search } from "lucide-react";
import { createContext, useContext, useEffect, type ReactNode } from "react";
import { Link } from "react-router";
import { useWords } from "@/lib/language.ts";
import { IconButton } from "./icon-button.tsx";
import "./page.css";

/** What the frame around a page offers it. */
export interface FrameControls {
  openPalette: () => void;
  openRail: () => void;
  /** Menus at the right end of the top bar. */
  end: ReactNode;
}

export const FrameContext = createContext<FrameControls>({
  openPalette: () => undefined,
  openRail: () => undefined,
  end: null,
});

export interface Crumb {
  label: string;
  to?: string;
}

const words = {
  place: ["You are here", "当前位置"],
  palette: ["Search and commands", "搜索与命令"],
  rail: ["Open navigation", "打开导航"],
} as const;

interface Props {
  /** Where this page is; the last crumb is the page itself and its title. */
  crumbs: readonly Crumb[];
  /** What belongs to the page's name, right beside it. */
  beside?: ReactNode;
  /** The page's own buttons. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: the top bar says where one is, the rest is the page's. */
export function Page({ crumbs, beside, actions, children }: Props) {
  const t = useWords(words);
  const frame = useContext(FrameContext);
  const title = crumbs.at(-1)?.label ?? "";
  useEffect(() => {
    document.title = title ? `${title} · Sluice` : "Sluice";
  }, [title]);
  return (
    <>
      <header className="top-bar">
        <IconButton icon={MenuIcon} label={t("rail")} className="top-bar-rail" onClick={frame.openRail} />
        <nav aria-label={t("place")} className="crumbs">
          {crumbs.slice(0, -1).map((crumb) => (
            <span key={crumb.label} className="crumb">
              {crumb.to ? <Link to={crumb.to}>{crumb.label}</Link> : crumb.label}
              <span aria-hidden>/</span>
            </span>
          ))}
          <h1 className="crumb-here cut" aria-current="page">
            {title}
          </h1>
        </nav>
        {beside}
        <span className="grow" />
        {actions}
        <span className="top-bar-line" />
        <IconButton icon={Search} label={t("palette")} shortcut="Mod+k" onClick={frame.openPalette} />
        {frame.end}
      </header>
      <main className="page">{children}</main>
    </>
  );
}
