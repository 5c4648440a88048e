import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { dayOf, formatClock, formatDateTime } from "../ui/format";
import { type Choice, exactly, exactText, writeChoice, writeClause } from "./clause";
import { clausesOf, replaceClause } from "./combine";

/* One thing that flows are narrowed to by choosing among its values. */
export interface Chip {
  id: "type" | "method" | "status" | "host" | "device" | "source" | "time";
  label: string;
  /* null: the values are not counted. */
  facet: FacetKind | null;
  operators: readonly string[];
  /* As a heading of the values. */
  plural: string;
}

export const chips: readonly Chip[] = [
  {
    id: "type",
    label: "Type",
    facet: FacetKind.FLOW_TYPE,
    operators: ["~http", "~dns", "~tcp", "~udp", "~websocket"],
    plural: "types",
  },
  {
    id: "method",
    label: "Method",
    facet: FacetKind.METHOD,
    operators: ["~m"],
    plural: "methods",
  },
  {
    id: "status",
    label: "Status",
    facet: FacetKind.STATUS,
    operators: ["~c"],
    plural: "statuses",
  },
  {
    id: "host",
    label: "Host",
    facet: FacetKind.HOST,
    operators: ["~d"],
    plural: "hosts",
  },
  {
    id: "device",
    label: "Device",
    facet: FacetKind.DEVICE,
    operators: ["~device"],
    plural: "devices",
  },
  {
    id: "source",
    label: "Source",
    facet: FacetKind.SOURCE,
    operators: ["~source"],
    plural: "sources",
  },
  { id: "time", label: "Time", facet: null, operators: ["~time"], plural: "times" },
];

/* What the filter asks of a chip's operators. */
export interface ChipState {
  negated: boolean;
  /* Values that are chosen. */
  values: readonly string[];
  /* What else was written in the box, such as `~d example`. */
  others: readonly Choice[];
}

function choiceOf(chip: Chip, value: string): Choice {
  if (chip.id === "type") return { operator: `~${value}`, operand: "" };
  const [operator = ""] = chip.operators;
  const isExact = chip.id === "status" || chip.id === "time";
  return { operator, operand: isExact ? value : exactly(value) };
}

/* null: the choice is none of one value. */
function oneValue(chip: Chip, { operator, operand }: Choice): string | null {
  if (chip.id === "type") return operator.slice(1);
  if (chip.id === "time") return operand;
  if (chip.id === "status") return /^[1-5](xx|\d\d)$/.test(operand) ? operand : null;
  return exactText(operand);
}

/*
 * null: the filter asks nothing of it, or more than choices can show, such as
 * one host and not another.
 */
export function chipState(chip: Chip, filter: string): ChipState | null {
  const clauses = clausesOf(filter, chip.operators);
  const [first] = clauses;
  // Several that are hidden are hidden together.
  const isOne = clauses.length === 1 || clauses.every(({ negated }) => negated);
  if (!first || !isOne) return null;
  const choices = clauses.flatMap((clause) => clause.choices);
  const values = choices.map((choice) => oneValue(chip, choice));
  return {
    negated: first.negated,
    values: values.filter((value) => value !== null),
    others: choices.filter((_, at) => values[at] === null),
  };
}

export function withChip(chip: Chip, filter: string, state: ChipState): string {
  const { negated, values, others } = state;
  const choices = [...others, ...values.map((value) => choiceOf(chip, value))];
  return replaceClause(filter, chip.operators, writeClause({ negated, choices }));
}

export function withoutChip(chip: Chip, filter: string): string {
  return replaceClause(filter, chip.operators, "");
}

/* 09:46–09:55, with the day where that is not today's; else as it is. */
function timeText(operand: string, nowMs: number): string {
  const ends = operand
    .split("..")
    .map((end) => (/^\d{4}-.*Z$/.test(end) ? Date.parse(end) : Number.NaN));
  const [from = Number.NaN, to = Number.NaN] = ends;
  if (Number.isNaN(from) || Number.isNaN(to)) return operand;
  const today = dayOf(nowMs);
  const text = (ms: number, day: number) => {
    const full = dayOf(ms) === day ? formatClock(ms) : formatDateTime(ms);
    return full.replace(/(:00)?\.000$/, "");
  };
  return `${text(from, today)}\u2013${text(to, dayOf(from))}`;
}

/* What a chip that is set shows: "api.example +2", "not GET". */
export function chipText(chip: Chip, state: ChipState, nowMs: number): string {
  const shown = (value: string) => (chip.id === "time" ? timeText(value, nowMs) : value);
  const texts = [
    ...state.values.map(shown),
    ...state.others.map((choice) => choice.operand || writeChoice(choice)),
  ];
  const [first = ""] = texts;
  const more = texts.length > 1 ? ` +${texts.length - 1}` : "";
  return `${state.negated ? "not " : ""}${first}${more}`;
}
