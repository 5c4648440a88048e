import type { RefObject } from "react";
import { Popover } from "../ui/Popover";
import type { Chip } from "./chips";
import { FacetChoices } from "./FacetChoices";
import { TimeChoices } from "./TimeChoices";
import "./popovers.css";

interface Props {
  chip: Chip;
  anchor: RefObject<HTMLElement | null>;
  filter: string;
  onFilter(filter: string): void;
  onClose(): void;
}

export function ChipPopover({ chip, anchor, filter, onFilter, onClose }: Props) {
  const Choices = chip.id === "time" ? TimeChoices : FacetChoices;
  return (
    <Popover
      label={`Filter by ${chip.label.toLowerCase()}`}
      anchor={anchor}
      onClose={onClose}
    >
      <Choices chip={chip} filter={filter} onFilter={onFilter} />
    </Popover>
  );
}
