import { Fragment } from "react";
import { readMarkdown, type Block, type Inline } from "@/lib/markdown.ts";
import "./markdown.css";

/** A text in Markdown, drawn as elements; markup of other kinds is text. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      {readMarkdown(text).map((block, at) => (
        <Fragment key={at}>{draw(block)}</Fragment>
      ))}
    </div>
  );
}

function draw(block: Block) {
  switch (block.kind) {
    case "paragraph":
      return (
        <p>
          <Inlines inlines={block.inlines} />
        </p>
      );
    case "heading":
      return (
        <p className="markdown-heading">
          <Inlines inlines={block.inlines} />
        </p>
      );
    case "code":
      return <pre className="mono">{block.text}</pre>;
    case "list": {
      const items = block.items.map((item, at) => (
        <li key={at}>
          <Inlines inlines={item} />
        </li>
      ));
      return block.isNumbered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <div className="markdown-table">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, at) => (
                  <th key={at} scope="col">
                    <Inlines inlines={cell} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, at) => (
                <tr key={at}>
                  {row.map((cell, place) => (
                    <td key={place}>
                      <Inlines inlines={cell} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}

function Inlines({ inlines }: { inlines: readonly Inline[] }) {
  return inlines.map((inline, at) => {
    switch (inline.kind) {
      case "code":
        return <code key={at}>{inline.text}</code>;
      case "strong":
        return <strong key={at}>{inline.text}</strong>;
      case "em":
        return <em key={at}>{inline.text}</em>;
      case "link":
        return (
          <a key={at} href={inline.to} rel="noreferrer noopener" target="_blank">
            {inline.text}
          </a>
        );
      default:
        return <Fragment key={at}>{inline.text}</Fragment>;
    }
  });
}
