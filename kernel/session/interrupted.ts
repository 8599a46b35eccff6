/** Why a cell ended that a person interrupted; also the reason of its signal. */
export class Interrupted extends Error {
  constructor() {
    super("the cell was interrupted; what it declared is kept");
    this.name = "Interrupted";
  }
}
