/** The frame: rail at the left, the page beside it, palette and banner above both. */
import { CircleUser, Settings2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";
import { IconButton } from "@/components/icon-button.tsx";
import { Menu, MenuChoice, MenuItem, MenuLine } from "@/components/menu.tsx";
import { FrameContext } from "@/components/page.tsx";
import { queryClient } from "@/graphql/client.ts";
import { useLink } from "@/graphql/link.ts";
import { signOut, useSession } from "@/graphql/session.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { matches } from "@/lib/shortcut.ts";
import { useTheme } from "@/lib/theme.ts";
import { FirstRun } from "./first-run.tsx";
import "./frame.css";
import { Palette } from "./palette.tsx";
import { Rail } from "./rail.tsx";
import { SignIn, SignInAgain } from "./sign-in.tsx";
import { words } from "./words.ts";

export function Frame() {
  const t = useWords(words);
  const { stage, setup } = useSession();
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
  if (stage === "asking") return <Asking isUp={isUp} />;
  if (stage === "out") return setup === null ? <SignIn end={<Preferences />} /> : <FirstRun setup={setup} end={<Preferences />} />;
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
        {stage === "ended" && <SignInAgain />}
      </div>
    </FrameContext>
  );
}

function Preferences() {
  const t = useWords(words);
  const { theme, setTheme } = useTheme();
  const { language, setLanguage } = useLanguage();
  const navigate = useNavigate();
  const { stage, who } = useSession();
  const isIn = stage === "in" && who !== null;
  return (
    <Menu trigger={<IconButton icon={isIn ? CircleUser : Settings2} label={isIn ? t("person", { name: who.name }) : t("preferences")} />}>
      {isIn && (
        <>
          <div className="menu-person">
            <strong className="cut">{who.name}</strong>
            <span className="muted">{t(who.role)}{who.read_only && ` · ${t("readOnly")}`}</span>
          </div>
          {who.user !== null && <MenuItem onSelect={() => void navigate("/settings/password")}>{t("changePassword")}</MenuItem>}
          <MenuItem onSelect={() => void navigate("/settings/sessions")}>{t("sessions")}</MenuItem>
          <MenuItem onSelect={() => void navigate("/settings/tokens")}>{t("tokens")}</MenuItem>
          <MenuLine />
        </>
      )}
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
      {isIn && <MenuLine />}
      {isIn && <MenuItem onSelect={() => void leave()}>{t("signOut")}</MenuItem>}
    </Menu>
  );
}

/** Signs out and forgets what was read: the next person may see less. */
async function leave(): Promise<void> {
  await signOut();
  queryClient.clear();
}

/** What stands there until it is known who is here. */
function Asking({ isUp }: { isUp: boolean }) {
  const t = useWords(words);
  return (
    <div className="sign-in" aria-busy="true">
      {isUp ? <img src="/icon.svg" alt="" width={24} height={24} /> : <p role="status">{t("down")}</p>}
    </div>
  );
}
