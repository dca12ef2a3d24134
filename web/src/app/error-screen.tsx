import { isRouteErrorResponse, useRouteError } from "react-router";
import { Button } from "@/components/button.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

/** A page that failed: what happened, and a way on. Never blank. */
export function ErrorScreen() {
  const t = useWords(words);
  const error = useRouteError();
  const problem = isRouteErrorResponse(error)
    ? { code: "unexpected", message: `${error.status} ${error.statusText}` }
    : asProblem(error);
  return (
    <Page crumbs={[{ label: t("failed") }]}>
      <div className="bar">
        <div className="grow">
          <Notice
            problem={{ ...problem, hint: problem.hint ?? t("failedHint") }}
            action={<Button onClick={() => window.location.reload()}>{t("reload")}</Button>}
          />
        </div>
      </div>
    </Page>
  );
}
