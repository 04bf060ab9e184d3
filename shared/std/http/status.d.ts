/** The reason phrase of each HTTP status. */
export declare const STATUS_TEXT: Readonly<Record<number, string>>;
