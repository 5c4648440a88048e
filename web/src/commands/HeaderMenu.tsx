import { useState } from "react";
import { MoreIcon } from "../ui/icons";
import { late } from "../ui/late";

const Menu = late(() => import("./Menu").then((m) => m.Menu), Button);

function Button({ onClick }: { onClick?: () => void }) {
  return (
    <button
      type="button"
      className="button more"
      aria-label="More"
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={onClick}
    >
      <MoreIcon />
    </button>
  );
}

/* The header's "..." button; its menu is loaded when it is first opened. */
export function HeaderMenu() {
  const [wanted, setWanted] = useState(false);
  return wanted ? <Menu /> : <Button onClick={() => setWanted(true)} />;
}
