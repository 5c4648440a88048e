import { type Chosen, exportUrl, files } from "./formats";

/* A link for each kind of file; the browser saves it and shows how far it is. */
export function SaveLinks({ chosen }: { chosen: Chosen }) {
  return (
    <div className="buttons">
      {files.map((format) => (
        <a key={format.name} className="button" href={exportUrl(format, chosen)} download>
          {format.label}
        </a>
      ))}
    </div>
  );
}
