import type { Extension } from "@codemirror/state";
import type { Style } from "./layout";

/* What reads the structure of a text, for its colours and folds. */
export async function languageOf(style: Style): Promise<Extension> {
  switch (style) {
    case "html":
      return (await import("@codemirror/lang-html")).html({ autoCloseTags: false });
    case "xml":
      return (await import("@codemirror/lang-xml")).xml({ autoCloseTags: false });
    case "css":
      return (await import("@codemirror/lang-css")).css();
    case "javascript":
      return (await import("@codemirror/lang-javascript")).javascript({ jsx: true });
    default:
      return [];
  }
}
