import { z } from "zod";

/**
 * The page may not make code from text (its content security policy), which zod would try for speed as soon as a schema
 * is made: so this is imported before anything that has schemas.
 */
z.config({ jitless: true });
