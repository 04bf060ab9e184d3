/**
 * What secrets are called and what they look like: the one table behind logs,
 * traffic logs, audit, events, task rows and the browser extension. Plain data:
 * the words are parts of regular expressions, as small as `WordMatcher` reads,
 * for names in lower case whose parts are joined by dashes.
 */

/** What makes a name the name of a secret; letters may stand before it. */
export const SECRET_WORDS: readonly string[] = [
  "(?:access|account|api|auth|encryption|functions|license|master|private)-?keys?",
  "(?:secret|service|shared|signing|storage|subscription)-?keys?",
  "authorization",
  "\\bauth",
  "bearer",
  "cookies?2?",
  "credentials?",
  "csrf",
  "jwt",
  "mnemonic",
  "\\botp",
  "(?:\\b|key|store)pass",
  "passcode",
  "passphrase",
  "passwd",
  "passwords?",
  "(?:\\b|ftp|my|mysql|pg|user)pwd",
  "secrets?",
  "sec-websocket-protocol",
  "seed-?phrase",
  "sess(?:ion)?-?id",
  "\\bsession",
  "\\bsid",
  "token",
  "xsrf",
];

/** The same for names with an `=` behind them: what signs an address. */
export const SIGNATURE_WORDS: readonly string[] = ["\\bsig", "signature"];

/** A name that ends so is about a secret, or a file; what it names is none. */
export const ABOUT_WORDS =
  "age at budget counts? dir enabled endpoint env expire[ds] expiry fields? files? go header hint ids? index jar js json kind length limit max md method min mjs mode names? path policy provider py realm required rs schemes? scopes? sh size source state status stdin toml ts ttl txt type uri url usage version window ya?ml";

/** What stands where there is no secret, whatever the name. */
export const NO_VALUES =
  "empty false hidden invalid missing nil none null required true undefined unknown unset";

/** Words that go on with a sentence about a secret: `password: not set`. */
export const PROSE_VALUES =
  "a an and are at can cannot expired failed for from given has have if in is must needed no not of off ok on only or see set should that the this to too was when with wrong yes";

/** Words between a name and its secret that say of what kind it is. */
export const SCHEMES =
  "apikey aws4-hmac-sha256 basic bearer digest dpop hawk hmac jwt negotiate ntlm oauth sharedkey splunk ssws token";

/** Tokens that are known by their look, wherever they stand. */
export const TOKEN_SHAPES: readonly string[] = [
  "A(?:BIA|CCA|GE-SECRET-KEY-|KIA|SIA)[A-Za-z0-9]{10,}", // AWS, age
  "AIza[\\w-]{10,}", // Google
  "ATATT3[\\w=-]{10,}", // Atlassian
  "EAA[A-Za-z0-9]{40,}", // Facebook
  "GOCSPX-[\\w-]{10,}",
  "NRAK-[A-Za-z0-9]{10,}", // New Relic
  "PMAK-[\\w-]{10,}", // Postman
  "SG\\.[\\w.-]{10,}", // SendGrid
  "atlasv1\\.[\\w-]{10,}", // Terraform
  "baa\\.token\\.[\\w-]+",
  "baat_[\\w-]{40,}", // conductor's own
  "bot\\d{6,}:[\\w-]{20,}", // Telegram
  "dapi[0-9a-f]{32}", // Databricks
  "discord(?:app)?\\.com/api/webhooks/[\\w/-]{10,}",
  "dckr_[op]at_[\\w-]{10,}", // Docker
  "do[opr]_v1_[A-Za-z0-9]{10,}", // DigitalOcean
  "eyJ[\\w.-]{10,}", // a JSON Web Token
  "gh[oprsu]_[A-Za-z0-9]{10,}", // GitHub
  "github_pat_\\w{10,}",
  "gl[a-z]{2,5}-[\\w-]{10,}", // GitLab
  "gl(?:c|sa)_[\\w=]{10,}", // Grafana
  "hf_[A-Za-z0-9]{10,}", // Hugging Face
  "hooks\\.slack\\.com/(?:services|triggers|workflows)/[\\w/-]{10,}",
  "hv[brs]\\.[\\w-]{10,}", // Vault
  "key-[0-9a-f]{32}", // Mailgun
  "lin_(?:api|oauth)_\\w{10,}", // Linear
  "npm_[A-Za-z0-9]{10,}",
  "ntn_\\w{10,}", // Notion
  "pypi-[\\w-]{10,}",
  "rk_(?:live|test)_\\w{10,}", // Stripe
  "rubygems_\\w{10,}",
  "sbp_\\w{10,}", // Supabase
  "shp(?:at|ca|pa|ss)_\\w{10,}", // Shopify
  // OpenAI, Anthropic, Stripe; packages are called so, too.
  "sk[-_](?:(?=[\\w-]{0,40}[A-Z0-9])[\\w-]{10,}|[a-z]{16,})",
  "sntry[su]_[\\w=-]{10,}", // Sentry
  "tskey-[\\w-]{10,}", // Tailscale
  "whsec_\\w{10,}",
  "xapp-(?=[\\w-]{0,40}[A-Z])[\\w-]{10,}", // Slack
  "xox[a-z]-[\\w-]{10,}",
  "ya29\\.[\\w.-]{10,}",
];

/**
 * Options that a secret follows, by the programs that have them; without a
 * program, of any. A sign behind it: the secret is what follows that sign. A
 * star: it is glued to the option. Some programs know words without a dash.
 */
export const SECRET_OPTIONS: readonly (readonly [string, string])[] = [
  ["", "-u: --user: --proxy-user: --cert: --login:"],
  ["mariadb mariadb-admin mariadb-dump mysql mysqladmin mysqldump", "-p*"],
  ["7z 7za 7zz rar unrar", "-p*"],
  ["sshpass", "-p -p*"],
  ["login mongo mongodump mongorestore mongosh", "-p password"],
  ["curl", "-b= -b*= -E: -U: -U*: -u*:"],
  ["http https xh", "-a:"],
  ["redis-cli valkey-cli", "-a auth"],
  ["ldapadd ldapdelete ldapmodify ldapsearch ldapwhoami", "-w -w*"],
  ["bcp ipmitool mosquitto_pub mosquitto_sub sqlcmd unzip zip", "-P -P*"],
  ["plink pscp psftp", "-pw"],
  ["rpcclient smbclient", "-U% -U*%"],
  ["lftp", "-u,"],
  ["ssh-keygen", "-N -P"],
  ["openssl", "-k -K"],
  ["configure", "aws_secret_access_key aws_session_token"],
  ["nmcli", "password"],
  ["vault", "login"],
  ["identified IDENTIFIED", "by BY"],
  ["ALTER CREATE", "PASSWORD"],
];

/** Programs that read their arguments as commands. */
export const EVALUATORS = "bash dash eval ksh sh ssh zsh";
