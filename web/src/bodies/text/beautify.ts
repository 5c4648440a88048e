import type { Style } from "./layout";

const options = {
  indent_size: 2,
  wrap_line_length: 0,
  max_preserve_newlines: 1,
  unformatted: [],
};

/* Indents markup, styles and scripts anew; their words stay as they are. */
export async function beautify(text: string, style: Style): Promise<string> {
  const { default: beautifiers } = await import("js-beautify");
  switch (style) {
    case "html":
    case "xml":
      return beautifiers.html(text, {
        ...options,
        ...(style === "xml" && { inline: [], indent_inner_html: true }),
      });
    case "css":
      return beautifiers.css(text, options);
    case "javascript":
      return beautifiers.js(text, options);
    default:
      return text;
  }
}
