import { Compass } from "lucide-react";
import { Link } from "react-router";
import { Empty } from "@/components/empty.tsx";
import { Page } from "@/components/page.tsx";
import { useWords } from "@/lib/language.ts";
import { words } from "./words.ts";

export function NotFound() {
  const t = useWords(words);
  return (
    <Page crumbs={[{ label: t("notFound") }]}>
      <Empty icon={Compass} title={t("notFound")}>
        <p>{t("notFoundText")}</p>
        <Link to="/workflows" className="button">
          {t("toWorkflows")}
        </Link>
      </Empty>
    </Page>
  );
}
