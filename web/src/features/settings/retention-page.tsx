import { Plus } from "lucide-react";
import { Link, useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Skeleton } from "@/components/empty.tsx";
import { Section } from "@/components/facts.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { Moment } from "@/components/time.tsx";
import { useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useMay } from "@/graphql/session.ts";
import { useWords } from "@/lib/language.ts";
import { CLEANUP, cleanupsOf } from "./cleanup.ts";
import { CleanupWorkflows } from "./operations.ts";
import { SettingsPage } from "./settings-page.tsx";
import { words } from "./words.ts";

/** What goes after how long: that is said by workflows with the step `cleanup`, which are found and named here. */
export function RetentionPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  const maySave = useMay("saveWorkflow");
  const { data, error } = useData(CleanupWorkflows, {}, { retry: false });
  const found = (data?.workflows.nodes ?? []).flatMap((workflow) => cleanupsOf(workflow.version.text).map((cleanup) => ({ workflow, cleanup })));
  return (
    <SettingsPage
      title={t("retention")}
      actions={
        maySave && (
          <Button icon={Plus} onClick={() => void navigate("/workflows/new", { state: { text: CLEANUP } })}>
            {t("makeCleanup")}
          </Button>
        )
      }
    >
      <p className="settings-note">
        <Ticked text={t("retentionText")} />
      </p>
      {error && (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      )}
      {!data && !error && <Skeleton />}
      {data && (
        <div className="sections">
          <Section title={t("cleanups")}>
            {found.length === 0 ? (
              <p className="muted">{t("noCleanups")}</p>
            ) : (
              <div className="plain-table-scroller" tabIndex={0} role="region" aria-label={t("cleanups")}>
                <table className="plain-table">
                  <thead>
                    <tr>
                      <th scope="col">{t("workflow")}</th>
                      <th scope="col">{t("keeps")}</th>
                      <th scope="col">{t("nextRun")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {found.map(({ workflow, cleanup }) => (
                      <tr key={`${workflow.name}/${cleanup.step}`}>
                        <th scope="row">
                          <Link className="row-name" to={`/workflows/${workflow.name}?step=${cleanup.step}`}>
                            {workflow.name} · {cleanup.step}
                          </Link>
                        </th>
                        <td>
                          <ul className="settings-keeps">
                            {cleanup.keeps.map((line) => (
                              <li key={line}>
                                <code>{line}</code>
                              </li>
                            ))}
                          </ul>
                        </td>
                        <td>{!workflow.enabled ? t("off") : workflow.outline.nextRunAt ? <Moment at={workflow.outline.nextRunAt} /> : <span className="muted">{t("byHand")}</span>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Section>
        </div>
      )}
    </SettingsPage>
  );
}
