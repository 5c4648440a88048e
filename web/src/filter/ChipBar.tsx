import { useRef, useState } from "react";
import { usePlace } from "../place/usePlace";
import { visibleName } from "../ui/captured";
import { CloseIcon } from "../ui/icons";
import { late } from "../ui/late";
import { type Chip, chipState, chips, chipText, withoutChip } from "./chips";
import { clausesOf } from "./combine";
import { HighlightButton } from "./HighlightButton";

const ChipPopover = late(() => import("./ChipPopover").then((m) => m.ChipPopover));

/*
 * What the list is narrowed to, each as a part of the filter, which stays the
 * one truth: a chip shows what the box says, also where it was typed.
 */
export function ChipBar() {
  const { place, go } = usePlace();
  const [opened, setOpened] = useState<Chip | null>(null);
  const anchor = useRef<HTMLButtonElement>(null);
  const { filter } = place;
  const toggle = (chip: Chip, button: HTMLButtonElement) => {
    anchor.current = button;
    setOpened(opened === chip ? null : chip);
  };
  return (
    <div className="chips" role="group" aria-label="Narrow the list">
      {chips.map((chip) => (
        <ChipButton
          key={chip.id}
          chip={chip}
          filter={filter}
          isOpen={opened === chip}
          onToggle={(button) => toggle(chip, button)}
          onClear={() => go({ filter: withoutChip(chip, filter) }, true)}
        />
      ))}
      <HighlightButton />
      {opened && (
        <ChipPopover
          key={opened.id}
          chip={opened}
          anchor={anchor}
          filter={filter}
          onFilter={(text) => go({ filter: text }, true)}
          onClose={() => setOpened(null)}
        />
      )}
    </div>
  );
}

interface ButtonProps {
  chip: Chip;
  filter: string;
  isOpen: boolean;
  onToggle(button: HTMLButtonElement): void;
  onClear(): void;
}

function ChipButton({ chip, filter, isOpen, onToggle, onClear }: ButtonProps) {
  const opener = useRef<HTMLButtonElement>(null);
  const isSet = clausesOf(filter, chip.operators).length > 0;
  const state = chipState(chip, filter);
  const text = state && visibleName(chipText(chip, state, Date.now()));
  const label = isSet ? `${chip.label}: ${text ?? "several conditions"}` : chip.label;
  return (
    <span className={isSet ? "chip is-set" : "chip"}>
      <button
        ref={opener}
        type="button"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={label}
        title={isSet ? label : undefined}
        onClick={(event) => onToggle(event.currentTarget)}
      >
        {isSet ? (text ?? `${chip.label}\u2026`) : chip.label}
      </button>
      {isSet && (
        <button
          type="button"
          aria-label={`Clear ${chip.label}`}
          onClick={() => {
            opener.current?.focus();
            onClear();
          }}
        >
          <CloseIcon />
        </button>
      )}
    </span>
  );
}
