/** A change of one place of a source file; that the place is there, once, is checked when the file is loaded. */
export interface SourceEdit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
