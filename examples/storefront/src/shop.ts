// What a shop changes first.

/** Where the shop sends to, by ISO 3166-1 alpha-2. */
export const COUNTRIES = ["AT", "BE", "CH", "DE", "DK", "ES", "FR", "GB", "IE", "IT", "LU", "NL", "NO", "PL", "PT", "SE", "US"];

/** Where customers transfer money to, as they read it. */
export const ACCOUNT = "the account that is named in our imprint";

/** The largest quantity of one product in a basket. */
export const MOST = 99;
