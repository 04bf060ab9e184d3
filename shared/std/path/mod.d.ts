/** The segment separator of this platform. */
export declare const SEPARATOR: string;
export declare function basename(path: string, suffix?: string): string;
export declare function dirname(path: string): string;
export declare function extname(path: string): string;
export declare function fromFileUrl(url: string | URL): string;
export declare function isAbsolute(path: string): boolean;
export declare function join(path: string | URL, ...paths: string[]): string;
export declare function normalize(path: string): string;
export declare function relative(from: string, to: string): string;
export declare function resolve(...segments: string[]): string;
export declare function toFileUrl(path: string): URL;
