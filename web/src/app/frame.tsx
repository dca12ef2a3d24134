/** The frame: rail at the left, the page beside it, palette and banner above both. */
import { Settings2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Outlet, useLocation } from "react-router";
import { IconButton } from "@/components/icon-button.tsx";
import { Menu, MenuChoice, MenuItem, MenuLine } from "@/components/menu.tsx";
import { FrameContext } from "@/components/page.tsx";
import { useLink } from "@/graphql/link.ts";
import { useSession } from "@/graphql/session.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { matches } from "@/lib/shortcut.ts";
import { useTheme } from "@/lib/theme.ts";
import "./frame.css";
import { Palette } from "./palette.tsx";
import { Rail } from "./rail.tsx";
import { SignIn } from "./sign-in.tsx";
import { words } from "./words.ts";

export function Frame() {
  const t = useWords(words);
  const token = useSession((state) => state.token);
  const isUp = useLink((state) => state.isUp);
  const { pathname } = useLocation();
  const [hasPalette, setPalette] = useState(false);
  const [hasRail, setRail] = useState(false);
  useEffect(() => setRail(false), [pathname]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!matches(event, "Mod+k")) return;
      event.preventDefault();
      setPalette((is) => !is);
    };
    window.addEventListener("keydown", onKey, true);
    return () => window.removeEventListener("keydown", onKey, true);
  }, []);
  const controls = useMemo(
    () => ({ openPalette: () => setPalette(true), openRail: () => setRail(true), end: <Preferences /> }),
    [],
  );
  if (token === null) return <SignIn />;
  return (
    <FrameContext value={controls}>
      <div className="frame">
        <a className="skip" href="#page">
          {t("skip")}
        </a>
        <Rail isOpen={hasRail} onClose={() => setRail(false)} />
        <div className="frame-main" id="page" tabIndex={-1}>
          {!isUp && (
            <div className="banner" role="status">
              {t("down")}
            </div>
          )}
          <Outlet />
        </div>
        {hasPalette && <Palette onClose={() => setPalette(false)} />}
      </div>
    </FrameContext>
  );
}

function Preferences() {
  const t = useWords(words);
  const { theme, setTheme } = useTheme();
  const { language, setLanguage } = useLanguage();
  const signOut = useSession((state) => state.signOut);
  return (
    <Menu trigger={<IconButton icon={Settings2} label={t("preferences")} />}>
      <MenuChoice
        label={t("theme")}
        value={theme}
        onChange={setTheme}
        choices={[
          { value: "system", label: t("themeSystem") },
          { value: "light", label: t("themeLight") },
          { value: "dark", label: t("themeDark") },
        ]}
      />
      <MenuLine />
      <MenuChoice
        label={t("language")}
        value={language}
        onChange={setLanguage}
        choices={[
          { value: "en", label: "English" },
          { value: "zh", label: "中文" },
        ]}
      />
      <MenuLine />
      <MenuItem onSelect={() => signOut()}>{t("signOut")}</MenuItem>
    </Menu>
  );
}
