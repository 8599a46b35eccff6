/** Sizes of a node's card, in pixels at zoom 1. The card is drawn with them, and graphs are laid out with them. */
export const card = {
  width: 224,
  header: 60,
  row: 22,
  padding: 6,
  figure: 56,
} as const;

/** What of a card makes its size. */
export interface CardPorts {
  inputs: readonly string[];
  outputs: readonly string[];
  figure?: boolean;
}

export function cardHeight({ inputs, outputs, figure }: CardPorts): number {
  const rows = inputs.length + outputs.length;
  return card.header + (rows > 0 ? rows * card.row + 2 * card.padding : 0) + (figure ? card.figure : 0);
}

/** How far below the card's top a port's middle is: inputs first, then outputs. */
export function portOffset(ports: CardPorts, direction: "input" | "output", port: string): number {
  const index = direction === "input" ? ports.inputs.indexOf(port) : ports.inputs.length + ports.outputs.indexOf(port);
  return card.header + card.padding + (Math.max(0, index) + 0.5) * card.row;
}
