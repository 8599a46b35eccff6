import { count } from "../core/configFields.ts";

/** Side of the square images that a source gives, as a configuration field. */
export const imageSizeField = count("Image side", "Side of the square images.", "pixels").default(32);
