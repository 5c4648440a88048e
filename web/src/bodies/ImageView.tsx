import { useEffect, useState } from "react";
import { imageType } from "./kinds";

const cannot = "The browser cannot draw this image.";

/* Pixels only: the type is one of those that cannot hold anything else. */
export function ImageView({ bytes }: { bytes: Uint8Array }) {
  const [url, setUrl] = useState("");
  const [size, setSize] = useState("");
  useEffect(() => {
    const type = imageType(bytes);
    if (!type) {
      setSize(cannot);
      return;
    }
    const made = URL.createObjectURL(
      new Blob([bytes as Uint8Array<ArrayBuffer>], { type }),
    );
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  return (
    <figure className="image" aria-busy={!size}>
      {url && (
        <img
          src={url}
          alt="The captured body"
          onLoad={(event) => {
            const { naturalWidth, naturalHeight } = event.currentTarget;
            setSize(`${naturalWidth} \u00d7 ${naturalHeight}`);
          }}
          onError={() => setSize(cannot)}
        />
      )}
      <figcaption>{size}</figcaption>
    </figure>
  );
}
