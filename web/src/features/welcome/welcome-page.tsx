import { Database, LayoutTemplate, ListTree, Play, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { queryClient, request } from "@/graphql/client.ts";
import { ApiProblem, asProblem, type ProblemView } from "@/graphql/problem.ts";
import { useMay, useSession } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { DEMO, DEMO_NAME } from "./demo.ts";
import { SaveDemo, StartDemo } from "./operations.ts";
import "./welcome.css";
import { words } from "./words.ts";

/** What one can begin with: a demo that needs nothing, a workflow of one's own, a template, a database. */
export function WelcomePage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const name = useSession((state) => state.who?.name ?? "");
  const [maySave, mayStart] = [useMay("saveWorkflow"), useMay("startRun")];
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemView>();
  const demo = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const { saveWorkflow } = await request(SaveDemo, { text: DEMO });
      if (saveWorkflow.problems[0]) throw new ApiProblem(saveWorkflow.problems[0]);
      const { startRun } = await request(StartDemo, { workflow: DEMO_NAME });
      await queryClient.invalidateQueries();
      await navigate(`/runs/${startRun.id}`);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Page crumbs={[{ label: t("title") }]}>
      <div className="welcome">
        <h2>{name ? t("hello", { name }) : t("title")}</h2>
        <p className="muted">{t("text")}</p>
        {problem && <Notice problem={problem} />}
        <div className="welcome-first">
          <Play size={20} aria-hidden />
          <div className="grow">
            <h3>{t("demo")}</h3>
            <p className="muted">{t(maySave && mayStart ? "demoText" : "mayNot")}</p>
          </div>
          <Button tone="main" disabled={!maySave || !mayStart} isBusy={isBusy} autoFocus onClick={() => void demo()}>
            {t("demo")}
          </Button>
        </div>
        <div className="welcome-others">
          <Way icon={ListTree} to="/workflows/new" title={t("draw")} text={t("drawText")} />
          <Way icon={LayoutTemplate} to="/templates" title={t("templates")} text={t("templatesText")} />
          <Way icon={Database} to="/connections?new=1" title={t("connect")} text={t("connectText")} />
        </div>
      </div>
    </Page>
  );
}

function Way({ icon: Icon, to, title, text }: { icon: LucideIcon; to: string; title: string; text: string }) {
  return (
    <Link to={to} className="welcome-way">
      <Icon size={18} aria-hidden />
      <strong>{title}</strong>
      <span className="muted">{text}</span>
    </Link>
  );
}
