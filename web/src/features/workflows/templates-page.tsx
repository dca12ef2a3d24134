import { LayoutTemplate } from "lucide-react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Page } from "@/components/page.tsx";
import { useWords } from "@/lib/language.ts";
import { templates } from "./templates.ts";
import "./templates.css";
import { words } from "./words.ts";

/** Ready-made workflows, to begin with. */
export function TemplatesPage() {
  const t = useWords(words);
  const navigate = useNavigate();
  return (
    <Page crumbs={[{ label: t("title"), to: "/workflows" }, { label: t("templates") }]}>
      <p className="bar muted">{t("templatesText")}</p>
      <ul className="templates">
        {templates.map((template) => (
          <li key={template.name} className="template">
            <div className="row">
              <LayoutTemplate size={15} aria-hidden />
              <h2 className="grow">{template.name}</h2>
              <Button aria-label={t("useTemplate", { name: template.name })} onClick={() => void navigate("/workflows/new", { state: { text: template.text } })}>
                {t("openTemplate")}
              </Button>
            </div>
            <p>{template.description}</p>
            <p className="row template-facts">
              <span>{t("stepCount", { n: template.steps })}</span>
              {template.connections.length > 0 && (
                <span>
                  {t("needs")}{" "}
                  {template.connections.map((name) => (
                    <span key={name} className="tag">
                      {name}
                    </span>
                  ))}
                </span>
              )}
            </p>
            {template.readme && (
              <details>
                <summary>{t("readme")}</summary>
                <pre tabIndex={0}>{template.readme}</pre>
              </details>
            )}
            <details>
              <summary>{t("document")}</summary>
              <pre tabIndex={0}>{template.text}</pre>
            </details>
          </li>
        ))}
      </ul>
    </Page>
  );
}
