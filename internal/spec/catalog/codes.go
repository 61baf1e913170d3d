// Code generated from api/errors.yaml by api/gen. DO NOT EDIT.

package catalog

// An API code says what the REST API answered, or warns of beside an object.
// Its status is that of the answer; 200 marks a warning.
type API string

// Codes of list api.
const (
	APIBadJSON                  API = "bad_json"                    // Body is not JSON
	APIUnknownParameter         API = "unknown_parameter"           // Unknown query parameter
	APIBadParameter             API = "bad_parameter"               // Bad parameter
	APICursorInvalid            API = "cursor_invalid"              // Cursor not valid here
	APIUnauthenticated          API = "unauthenticated"             // Not signed in
	APITokenExpired             API = "token_expired"               // Token expired
	APITokenRevoked             API = "token_revoked"               // Token revoked
	APILoginFailed              API = "login_failed"                // Login failed
	APIAuthSchemeUnsupported    API = "auth_scheme_unsupported"     // Authorization scheme not supported here
	APIRoleRequired             API = "role_required"               // Role not sufficient
	APIZoneOutOfScope           API = "zone_out_of_scope"           // Zone outside the token's scope
	APILimitReached             API = "limit_reached"               // Account limit reached
	APIAccountSuspended         API = "account_suspended"           // Account suspended
	APICSRFTokenInvalid         API = "csrf_token_invalid"          // Page out of date
	APIIPNotAllowed             API = "ip_not_allowed"              // Address not allowed
	APINotFound                 API = "not_found"                   // Not found
	APIMethodNotAllowed         API = "method_not_allowed"          // Method not allowed
	APIBodyTooLarge             API = "body_too_large"              // Body too large
	APIMediaType                API = "media_type"                  // Content type not supported
	APIHostnameTaken            API = "hostname_taken"              // Hostname already in use
	APINameTaken                API = "name_taken"                  // Name already in use
	APIInUse                    API = "in_use"                      // Still in use
	APISharedGroup              API = "shared_group"                // Origins belong to a shared group
	APINotInactive              API = "not_inactive"                // Still active
	APIJobRunning               API = "job_running"                 // A job is running
	APISetupDone                API = "setup_done"                  // Set-up is done
	APIPrivateOriginsUndecided  API = "private_origins_undecided"   // Private addresses not decided
	APISetupTokenUsed           API = "setup_token_used"            // Set-up link used or expired
	APIJoinTokenUsed            API = "join_token_used"             // Join token used or expired
	APIInvitationUsed           API = "invitation_used"             // Invitation used or expired
	APIPreconditionFailed       API = "precondition_failed"         // Changed by someone else
	APIPreconditionRequired     API = "precondition_required"       // If-Match required
	APIInvalid                  API = "invalid"                     // Several fields are wrong
	APIRequired                 API = "required"                    // Field required
	APIUnknownField             API = "unknown_field"               // Unknown field
	APIReadOnly                 API = "read_only"                   // Field is read-only
	APIBadType                  API = "bad_type"                    // Wrong type
	APITooLong                  API = "too_long"                    // Too long
	APITooMany                  API = "too_many"                    // Too many entries
	APIOutOfRange               API = "out_of_range"                // Out of range
	APIBadEnum                  API = "bad_enum"                    // Not one of the allowed values
	APIBadFormat                API = "bad_format"                  // Wrong form
	APIDuplicate                API = "duplicate"                   // Entered twice
	APIExclusive                API = "exclusive"                   // Fields exclude each other
	APIUnsupported              API = "unsupported"                 // Not supported by this version
	APIAddressProhibited        API = "address_prohibited"          // Address not allowed
	APIURLHasPath               API = "url_has_path"                // URL holds more than the endpoint
	APIRegionRequired           API = "region_required"             // Region required
	APISigV4AUnsupported        API = "sigv4a_unsupported"          // SigV4A not supported
	APISecretRequired           API = "secret_required"             // Secret required
	APIValidatorRequired        API = "validator_required"          // Validator required
	APIListEmpty                API = "list_empty"                  // List is empty
	APIIdempotencyMismatch      API = "idempotency_mismatch"        // Idempotency-Key used for another request
	APIRateLimited              API = "rate_limited"                // Too many requests
	APIInternal                 API = "internal"                    // Internal error
	APINotBuilt                 API = "not_built"                   // Not part of this version
	APIStoreUnavailable         API = "store_unavailable"           // Configuration store unavailable
	APINoEdge                   API = "no_edge"                     // No edge available
	APIPrivateBucketPublicCache API = "private_bucket_public_cache" // Private bucket, public copies
	APISecretMissing            API = "secret_missing"              // Key or secret missing
	APINeverChecked             API = "never_checked"               // Never checked
	APIHTTPOnly                 API = "http_only"                   // Plain HTTP to the origin
	APINoOrigin                 API = "no_origin"                   // No enabled origin
	APINoEdgeInRegion           API = "no_edge_in_region"           // No edge in the region
	APIBucketInURLUnrestricted  API = "bucket_in_url_unrestricted"  // Viewers choose the bucket
	APIBucketTwice              API = "bucket_twice"                // Bucket named twice
	APITLSNotVerified           API = "tls_not_verified"            // Certificate not checked
	APIKeyChangedSecretKept     API = "key_changed_secret_kept"     // New key id with the old secret
)

// Row returns what is known about the code. For a text that is no code of
// the list only Code is set.
func (c API) Row() Row {
	switch c {
	case APIBadJSON:
		return Row{Code: "bad_json", Status: 400, Title: "Body is not JSON",
			Meaning: "The body could not be read as one JSON value.",
			Fix:     "Send one JSON object, UTF-8, without comments or a trailing comma.",
			Field:   "", Docs: "errors#bad_json"}
	case APIUnknownParameter:
		return Row{Code: "unknown_parameter", Status: 400, Title: "Unknown query parameter",
			Meaning: "The operation has no query parameter of this name.",
			Fix:     "Remove it, or correct its spelling.",
			Field:   "", Docs: "errors#unknown_parameter"}
	case APIBadParameter:
		return Row{Code: "bad_parameter", Status: 400, Title: "Bad parameter",
			Meaning: "A parameter of the path, the query or the header has a value that is not allowed.",
			Fix:     "Use a value of the form that the message names.",
			Field:   "", Docs: "errors#bad_parameter"}
	case APICursorInvalid:
		return Row{Code: "cursor_invalid", Status: 400, Title: "Cursor not valid here",
			Meaning: "The cursor is damaged, or belongs to a list with other filters or another order.",
			Fix:     "Start again without cursor, and keep filters and sort the same from page to page.",
			Field:   "cursor", Docs: "errors#cursor_invalid"}
	case APIUnauthenticated:
		return Row{Code: "unauthenticated", Status: 401, Title: "Not signed in",
			Meaning: "The request has no token, or one that this installation does not know.",
			Fix:     "Send the header Authorization: Bearer TOKEN. The first owner token lies in admin.token in the data directory.",
			Field:   "", Docs: "errors#unauthenticated"}
	case APITokenExpired:
		return Row{Code: "token_expired", Status: 401, Title: "Token expired",
			Meaning: "The token was valid once; its time is over.",
			Fix:     "Make a new token.",
			Field:   "", Docs: "errors#token_expired"}
	case APITokenRevoked:
		return Row{Code: "token_revoked", Status: 401, Title: "Token revoked",
			Meaning: "The token was withdrawn.",
			Fix:     "Make a new token.",
			Field:   "", Docs: "errors#token_revoked"}
	case APILoginFailed:
		return Row{Code: "login_failed", Status: 401, Title: "Login failed",
			Meaning: "Address and password do not belong together.",
			Fix:     "Check both and try again.",
			Field:   "", Docs: "errors#login_failed"}
	case APIAuthSchemeUnsupported:
		return Row{Code: "auth_scheme_unsupported", Status: 401, Title: "Authorization scheme not supported here",
			Meaning: "This part of the API reads Bearer tokens only.",
			Fix:     "Send Authorization: Bearer TOKEN. The scheme APIKey works under /gcore only.",
			Field:   "", Docs: "errors#auth_scheme_unsupported"}
	case APIRoleRequired:
		return Row{Code: "role_required", Status: 403, Title: "Role not sufficient",
			Meaning: "The caller's role does not include this operation.",
			Fix:     "Use a token of a higher role.",
			Field:   "", Docs: "errors#role_required"}
	case APIZoneOutOfScope:
		return Row{Code: "zone_out_of_scope", Status: 403, Title: "Zone outside the token's scope",
			Meaning: "The token is bound to other zones.",
			Fix:     "Use a token that holds this zone, or one that is not bound to zones.",
			Field:   "", Docs: "errors#zone_out_of_scope"}
	case APILimitReached:
		return Row{Code: "limit_reached", Status: 403, Title: "Account limit reached",
			Meaning: "The account may not have more objects of this kind.",
			Fix:     "Delete some first, or ask the operator for a higher limit.",
			Field:   "", Docs: "errors#limit_reached"}
	case APIAccountSuspended:
		return Row{Code: "account_suspended", Status: 403, Title: "Account suspended",
			Meaning: "The account is switched off.",
			Fix:     "Ask the operator.",
			Field:   "", Docs: "errors#account_suspended"}
	case APICSRFTokenInvalid:
		return Row{Code: "csrf_token_invalid", Status: 403, Title: "Page out of date",
			Meaning: "The X-CSRF-Token header is missing or belongs to another session.",
			Fix:     "Reload the page and try again.",
			Field:   "", Docs: "errors#csrf_token_invalid"}
	case APIIPNotAllowed:
		return Row{Code: "ip_not_allowed", Status: 403, Title: "Address not allowed",
			Meaning: "The token may not be used from this address.",
			Fix:     "Call from an address listed in allowed_ips of the token.",
			Field:   "", Docs: "errors#ip_not_allowed"}
	case APINotFound:
		return Row{Code: "not_found", Status: 404, Title: "Not found",
			Meaning: "There is no such object or path, or it belongs to another account.",
			Fix:     "Check the identifier; list the objects to see what exists.",
			Field:   "", Docs: "errors#not_found"}
	case APIMethodNotAllowed:
		return Row{Code: "method_not_allowed", Status: 405, Title: "Method not allowed",
			Meaning: "The path exists, but not with this method.",
			Fix:     "Use a method listed in the Allow header.",
			Field:   "", Docs: "errors#method_not_allowed"}
	case APIBodyTooLarge:
		return Row{Code: "body_too_large", Status: 413, Title: "Body too large",
			Meaning: "The body is longer than this operation reads.",
			Fix:     "Send less at once: at most 1 MiB, for purges 8 MiB.",
			Field:   "", Docs: "errors#body_too_large"}
	case APIMediaType:
		return Row{Code: "media_type", Status: 415, Title: "Content type not supported",
			Meaning: "Bodies are read as JSON only.",
			Fix:     "Send Content-Type: application/json (PATCH also takes application/merge-patch+json).",
			Field:   "", Docs: "errors#media_type"}
	case APIHostnameTaken:
		return Row{Code: "hostname_taken", Status: 409, Title: "Hostname already in use",
			Meaning: "A hostname belongs to one zone only, over all accounts; a wildcard claims the names it covers for its account.",
			Fix:     "Remove it there first, or choose another name.",
			Field:   "hostnames", Docs: "errors#hostname_taken"}
	case APINameTaken:
		return Row{Code: "name_taken", Status: 409, Title: "Name already in use",
			Meaning: "Another object of this kind in the account has the name.",
			Fix:     "Choose another name.",
			Field:   "name", Docs: "errors#name_taken"}
	case APIInUse:
		return Row{Code: "in_use", Status: 409, Title: "Still in use",
			Meaning: "Other objects refer to this one.",
			Fix:     "Change those that are listed first.",
			Field:   "", Docs: "errors#in_use"}
	case APISharedGroup:
		return Row{Code: "shared_group", Status: 409, Title: "Origins belong to a shared group",
			Meaning: "The zone uses an origin group that other zones use too, so its origins are not written through the zone.",
			Fix:     "Write the origins under /cdn/origin-groups.",
			Field:   "", Docs: "errors#shared_group"}
	case APINotInactive:
		return Row{Code: "not_inactive", Status: 409, Title: "Still active",
			Meaning: "This dialect deletes inactive objects only.",
			Fix:     "Send active false first, then delete.",
			Field:   "", Docs: "errors#not_inactive"}
	case APIJobRunning:
		return Row{Code: "job_running", Status: 409, Title: "A job is running",
			Meaning: "Another job of this kind is at work on the object.",
			Fix:     "Wait for it to end, or cancel it.",
			Field:   "", Docs: "errors#job_running"}
	case APISetupDone:
		return Row{Code: "setup_done", Status: 409, Title: "Set-up is done",
			Meaning: "The first user exists already.",
			Fix:     "Sign in, or ask an owner for an invitation.",
			Field:   "", Docs: "errors#setup_done"}
	case APIPrivateOriginsUndecided:
		return Row{Code: "private_origins_undecided", Status: 409, Title: "Private addresses not decided",
			Meaning: "The installation has more than one account, and nobody said whether origins may have private addresses.",
			Fix:     "Start the process with --allow-private-origins all, none or a list of networks.",
			Field:   "url", Docs: "errors#private_origins_undecided"}
	case APISetupTokenUsed:
		return Row{Code: "setup_token_used", Status: 410, Title: "Set-up link used or expired",
			Meaning: "The link works once and for a limited time.",
			Fix:     "Make a new one with cistern setup-link.",
			Field:   "", Docs: "errors#setup_token_used"}
	case APIJoinTokenUsed:
		return Row{Code: "join_token_used", Status: 410, Title: "Join token used or expired",
			Meaning: "The token works once and for a limited time.",
			Fix:     "Make a new one under /cdn/edge-joins.",
			Field:   "", Docs: "errors#join_token_used"}
	case APIInvitationUsed:
		return Row{Code: "invitation_used", Status: 410, Title: "Invitation used or expired",
			Meaning: "The link works once and for a limited time.",
			Fix:     "Ask an owner for a new invitation.",
			Field:   "", Docs: "errors#invitation_used"}
	case APIPreconditionFailed:
		return Row{Code: "precondition_failed", Status: 412, Title: "Changed by someone else",
			Meaning: "The object is no longer the one that If-Match names.",
			Fix:     "Look at current, apply your change to it, and send it with If-Match set to current_etag.",
			Field:   "", Docs: "errors#precondition_failed"}
	case APIPreconditionRequired:
		return Row{Code: "precondition_required", Status: 428, Title: "If-Match required",
			Meaning: "This installation takes changes only with the ETag that they are based on.",
			Fix:     "Read the object and send its ETag in If-Match.",
			Field:   "", Docs: "errors#precondition_required"}
	case APIInvalid:
		return Row{Code: "invalid", Status: 422, Title: "Several fields are wrong",
			Meaning: "The body was understood; more than one of its values is not allowed.",
			Fix:     "Correct the fields listed in errors.",
			Field:   "", Docs: "errors#invalid"}
	case APIRequired:
		return Row{Code: "required", Status: 422, Title: "Field required",
			Meaning: "The field is missing or empty, and has no default.",
			Fix:     "Give it a value.",
			Field:   "", Docs: "errors#required"}
	case APIUnknownField:
		return Row{Code: "unknown_field", Status: 422, Title: "Unknown field",
			Meaning: "The object has no field of this name.",
			Fix:     "Remove it, or correct its spelling.",
			Field:   "", Docs: "errors#unknown_field"}
	case APIReadOnly:
		return Row{Code: "read_only", Status: 422, Title: "Field is read-only",
			Meaning: "The field is set by Cistern. Sending it back unchanged is fine; changing it is not.",
			Fix:     "Leave the field out.",
			Field:   "", Docs: "errors#read_only"}
	case APIBadType:
		return Row{Code: "bad_type", Status: 422, Title: "Wrong type",
			Meaning: "The value has another JSON type than the field.",
			Fix:     "Send the type that the message names.",
			Field:   "", Docs: "errors#bad_type"}
	case APITooLong:
		return Row{Code: "too_long", Status: 422, Title: "Too long",
			Meaning: "The text is longer than the field holds.",
			Fix:     "Shorten it.",
			Field:   "", Docs: "errors#too_long"}
	case APITooMany:
		return Row{Code: "too_many", Status: 422, Title: "Too many entries",
			Meaning: "The list holds more entries than allowed.",
			Fix:     "Send fewer.",
			Field:   "", Docs: "errors#too_many"}
	case APIOutOfRange:
		return Row{Code: "out_of_range", Status: 422, Title: "Out of range",
			Meaning: "The value lies outside what the field allows.",
			Fix:     "Choose a value inside the range that the message names.",
			Field:   "", Docs: "errors#out_of_range"}
	case APIBadEnum:
		return Row{Code: "bad_enum", Status: 422, Title: "Not one of the allowed values",
			Meaning: "The field takes one of a few words.",
			Fix:     "Use one of the words that the message names.",
			Field:   "", Docs: "errors#bad_enum"}
	case APIBadFormat:
		return Row{Code: "bad_format", Status: 422, Title: "Wrong form",
			Meaning: "The text does not have the form that the field asks for.",
			Fix:     "Write it in the form that the message names.",
			Field:   "", Docs: "errors#bad_format"}
	case APIDuplicate:
		return Row{Code: "duplicate", Status: 422, Title: "Entered twice",
			Meaning: "The list holds the same value more than once.",
			Fix:     "Remove the second one.",
			Field:   "", Docs: "errors#duplicate"}
	case APIExclusive:
		return Row{Code: "exclusive", Status: 422, Title: "Fields exclude each other",
			Meaning: "Two settings were given that cannot hold together, or none of which one is needed.",
			Fix:     "Keep exactly one of them.",
			Field:   "", Docs: "errors#exclusive"}
	case APIUnsupported:
		return Row{Code: "unsupported", Status: 422, Title: "Not supported by this version",
			Meaning: "The setting exists, but has no effect in this version, so it takes its default only.",
			Fix:     "Leave the field out.",
			Field:   "", Docs: "errors#unsupported"}
	case APIAddressProhibited:
		return Row{Code: "address_prohibited", Status: 422, Title: "Address not allowed",
			Meaning: "The origin's address is private, or of a kind that is never fetched from.",
			Fix:     "Use a public endpoint, or start the process with --allow-private-origins.",
			Field:   "url", Docs: "errors#address_prohibited"}
	case APIURLHasPath:
		return Row{Code: "url_has_path", Status: 422, Title: "URL holds more than the endpoint",
			Meaning: "The URL names scheme, host and port only.",
			Fix:     "Move the path to base_path; leave query, fragment and user info out.",
			Field:   "url", Docs: "errors#url_has_path"}
	case APIRegionRequired:
		return Row{Code: "region_required", Status: 422, Title: "Region required",
			Meaning: "Neither the endpoint nor the provider says which region signs.",
			Fix:     "Set s3_region to the region of the bucket.",
			Field:   "s3_region", Docs: "errors#region_required"}
	case APISigV4AUnsupported:
		return Row{Code: "sigv4a_unsupported", Status: 422, Title: "SigV4A not supported",
			Meaning: "The endpoint takes the multi-region signature only.",
			Fix:     "Use the endpoint of one region.",
			Field:   "url", Docs: "errors#sigv4a_unsupported"}
	case APISecretRequired:
		return Row{Code: "secret_required", Status: 422, Title: "Secret required",
			Meaning: "The stored secret is not sent to another host than the one it was given for.",
			Fix:     "Send the secret again.",
			Field:   "s3_secret_key", Docs: "errors#secret_required"}
	case APIValidatorRequired:
		return Row{Code: "validator_required", Status: 422, Title: "Validator required",
			Meaning: "Signed viewer access needs something to check signatures with.",
			Fix:     "Add a validator, or set viewer_access to public.",
			Field:   "access.validators", Docs: "errors#validator_required"}
	case APIListEmpty:
		return Row{Code: "list_empty", Status: 422, Title: "List is empty",
			Meaning: "An allow list without entries would refuse everybody.",
			Fix:     "Add entries, or switch the list off.",
			Field:   "", Docs: "errors#list_empty"}
	case APIIdempotencyMismatch:
		return Row{Code: "idempotency_mismatch", Status: 422, Title: "Idempotency-Key used for another request",
			Meaning: "The key was sent within the last 24 hours with another body.",
			Fix:     "Use a new key for a new request.",
			Field:   "", Docs: "errors#idempotency_mismatch"}
	case APIRateLimited:
		return Row{Code: "rate_limited", Status: 429, Title: "Too many requests",
			Meaning: "The caller sent more requests than allowed.",
			Fix:     "Wait as long as Retry-After says.",
			Field:   "", Docs: "errors#rate_limited"}
	case APIInternal:
		return Row{Code: "internal", Status: 500, Title: "Internal error",
			Meaning: "Cistern made a mistake.",
			Fix:     "Look for the request id in the log of the control plane, and report it.",
			Field:   "", Docs: "errors#internal"}
	case APINotBuilt:
		return Row{Code: "not_built", Status: 501, Title: "Not part of this version",
			Meaning: "The operation is described, but this version does not have it.",
			Fix:     "See the change log for the version that brings it.",
			Field:   "", Docs: "errors#not_built"}
	case APIStoreUnavailable:
		return Row{Code: "store_unavailable", Status: 503, Title: "Configuration store unavailable",
			Meaning: "The store did not answer in time; nothing was changed, or it cannot be told.",
			Fix:     "Wait as long as Retry-After says, read the object, and try again.",
			Field:   "", Docs: "errors#store_unavailable"}
	case APINoEdge:
		return Row{Code: "no_edge", Status: 503, Title: "No edge available",
			Meaning: "No live edge could do the work.",
			Fix:     "Check the edges under /cdn/edges.",
			Field:   "", Docs: "errors#no_edge"}
	case APIPrivateBucketPublicCache:
		return Row{Code: "private_bucket_public_cache", Status: 200, Title: "Private bucket, public copies",
			Meaning: "The bucket is private, but cached copies can be read by anyone.",
			Fix:     "Set access.public_ack to true if that is what you want.",
			Field:   "access.viewer_access", Docs: "errors#private_bucket_public_cache"}
	case APISecretMissing:
		return Row{Code: "secret_missing", Status: 200, Title: "Key or secret missing",
			Meaning: "The origin is signed, but has no complete pair of key and secret; nothing is fetched from it.",
			Fix:     "Set s3_access_key and s3_secret_key.",
			Field:   "s3_secret_key", Docs: "errors#secret_missing"}
	case APINeverChecked:
		return Row{Code: "never_checked", Status: 200, Title: "Never checked",
			Meaning: "No edge has tried this origin yet.",
			Fix:     "Run the check.",
			Field:   "url", Docs: "errors#never_checked"}
	case APIHTTPOnly:
		return Row{Code: "http_only", Status: 200, Title: "Plain HTTP to the origin",
			Meaning: "The origin is fetched from without TLS, so objects can be read and changed on the way.",
			Fix:     "Use an https URL.",
			Field:   "url", Docs: "errors#http_only"}
	case APINoOrigin:
		return Row{Code: "no_origin", Status: 200, Title: "No enabled origin",
			Meaning: "The zone has nothing to fetch from; a miss is answered 502.",
			Fix:     "Add an origin, or enable one.",
			Field:   "origins", Docs: "errors#no_origin"}
	case APINoEdgeInRegion:
		return Row{Code: "no_edge_in_region", Status: 200, Title: "No edge in the region",
			Meaning: "No enrolled edge has the region's name or label.",
			Fix:     "Enrol one there, or change regions.",
			Field:   "regions", Docs: "errors#no_edge_in_region"}
	case APIBucketInURLUnrestricted:
		return Row{Code: "bucket_in_url_unrestricted", Status: 200, Title: "Viewers choose the bucket",
			Meaning: "The bucket comes from the viewer's URL and no prefix is set, so everything that the key may read can be fetched.",
			Fix:     "Set base_path, s3_bucket or origin.allowed_prefixes.",
			Field:   "origin.allowed_prefixes", Docs: "errors#bucket_in_url_unrestricted"}
	case APIBucketTwice:
		return Row{Code: "bucket_twice", Status: 200, Title: "Bucket named twice",
			Meaning: "base_path begins with the bucket that s3_bucket already names, so every key begins with the bucket's name.",
			Fix:     "Take the bucket out of base_path.",
			Field:   "base_path", Docs: "errors#bucket_twice"}
	case APITLSNotVerified:
		return Row{Code: "tls_not_verified", Status: 200, Title: "Certificate not checked",
			Meaning: "tls_verify is off, so anyone on the way can pose as the bucket.",
			Fix:     "Turn it on; a private certificate authority goes into ca_pem.",
			Field:   "tls_verify", Docs: "errors#tls_not_verified"}
	case APIKeyChangedSecretKept:
		return Row{Code: "key_changed_secret_kept", Status: 200, Title: "New key id with the old secret",
			Meaning: "The access key was changed and the secret was kept; they may not belong together.",
			Fix:     "Send the secret of the new key.",
			Field:   "s3_secret_key", Docs: "errors#key_changed_secret_kept"}
	}
	return Row{Code: string(c)}
}

// APICodes returns all codes of list api, in its order. The caller may keep
// and change them.
func APICodes() []API {
	return []API{
		APIBadJSON,
		APIUnknownParameter,
		APIBadParameter,
		APICursorInvalid,
		APIUnauthenticated,
		APITokenExpired,
		APITokenRevoked,
		APILoginFailed,
		APIAuthSchemeUnsupported,
		APIRoleRequired,
		APIZoneOutOfScope,
		APILimitReached,
		APIAccountSuspended,
		APICSRFTokenInvalid,
		APIIPNotAllowed,
		APINotFound,
		APIMethodNotAllowed,
		APIBodyTooLarge,
		APIMediaType,
		APIHostnameTaken,
		APINameTaken,
		APIInUse,
		APISharedGroup,
		APINotInactive,
		APIJobRunning,
		APISetupDone,
		APIPrivateOriginsUndecided,
		APISetupTokenUsed,
		APIJoinTokenUsed,
		APIInvitationUsed,
		APIPreconditionFailed,
		APIPreconditionRequired,
		APIInvalid,
		APIRequired,
		APIUnknownField,
		APIReadOnly,
		APIBadType,
		APITooLong,
		APITooMany,
		APIOutOfRange,
		APIBadEnum,
		APIBadFormat,
		APIDuplicate,
		APIExclusive,
		APIUnsupported,
		APIAddressProhibited,
		APIURLHasPath,
		APIRegionRequired,
		APISigV4AUnsupported,
		APISecretRequired,
		APIValidatorRequired,
		APIListEmpty,
		APIIdempotencyMismatch,
		APIRateLimited,
		APIInternal,
		APINotBuilt,
		APIStoreUnavailable,
		APINoEdge,
		APIPrivateBucketPublicCache,
		APISecretMissing,
		APINeverChecked,
		APIHTTPOnly,
		APINoOrigin,
		APINoEdgeInRegion,
		APIBucketInURLUnrestricted,
		APIBucketTwice,
		APITLSNotVerified,
		APIKeyChangedSecretKept,
	}
}

// An Origin code says what is wrong between an edge and an origin. Its status
// is what a viewer gets; 0 marks a diagnosis that changes no answer.
type Origin string

// Codes of list origin.
const (
	OriginAccessDenied         Origin = "access_denied"           // Key is valid but may not read this
	OriginHeadRefused          Origin = "head_refused"            // Metadata refused
	OriginSecretWrong          Origin = "secret_wrong"            // Secret or region wrong
	OriginKeyUnknown           Origin = "key_unknown"             // The bucket does not know this key
	OriginRegionWrong          Origin = "region_wrong"            // Wrong region
	OriginRegionLearned        Origin = "region_learned"          // Bucket lives elsewhere
	OriginRedirectUntrusted    Origin = "redirect_untrusted"      // Refused to follow
	OriginClockSkew            Origin = "clock_skew"              // This edge's clock is off
	OriginCredentialsExpired   Origin = "credentials_expired"     // Temporary credentials ran out
	OriginTokenInvalid         Origin = "token_invalid"           // Session token not accepted
	OriginSTSRefused           Origin = "sts_refused"             // Role may not be assumed
	OriginUnsigned             Origin = "unsigned"                // Request was not signed, or signed twice
	OriginAccountDisabled      Origin = "account_disabled"        // Account or bucket disabled
	OriginBucketMissing        Origin = "bucket_missing"          // No such bucket
	OriginObjectMissing        Origin = "object_missing"          // Bucket right, object missing
	OriginWrongJurisdiction    Origin = "wrong_jurisdiction"      // Wrong jurisdiction or account
	OriginKMSDenied            Origin = "kms_denied"              // Role may not use the KMS key
	OriginObjectArchived       Origin = "object_archived"         // Object is archived
	OriginOSSV1Refused         Origin = "oss_v1_refused"          // V1 signatures no longer accepted
	OriginOriginBusy           Origin = "origin_busy"             // Bucket is throttling
	OriginOriginError          Origin = "origin_error"            // Bucket failed
	OriginOriginRejected       Origin = "origin_rejected"         // Request refused
	OriginFrontLayer           Origin = "front_layer"             // Something in front of the bucket answered
	OriginDNSFailed            Origin = "dns_failed"              // Endpoint name not found
	OriginConnectFailed        Origin = "connect_failed"          // Cannot connect to the endpoint
	OriginConnectionCut        Origin = "connection_cut"          // Endpoint cut the connection
	OriginTLSFailed            Origin = "tls_failed"              // TLS with the endpoint failed
	OriginTimeout              Origin = "timeout"                 // Endpoint too slow
	OriginAddressProhibited    Origin = "address_prohibited"      // Address not allowed
	OriginStyleWrong           Origin = "style_wrong"             // Other addressing works
	OriginBucketPublic         Origin = "bucket_public"           // The bucket is public
	OriginKeyTooBroad          Origin = "key_too_broad"           // The key may do more than read objects
	OriginKeyChangedSecretKept Origin = "key_changed_secret_kept" // Key id and secret may not belong together
	OriginCredentialRevoked    Origin = "credential_revoked"      // This credential was switched off
	OriginSecretMissing        Origin = "secret_missing"          // Key or secret missing
	OriginNoOrigin             Origin = "no_origin"               // No enabled origin
	OriginIPLocked             Origin = "ip_locked"               // Bucket policy excludes some edges
	OriginIgnoresRanges        Origin = "ignores_ranges"          // Origin ignores ranges
	OriginSliceMismatch        Origin = "slice_mismatch"          // Object changed while read
)

// Row returns what is known about the code. For a text that is no code of
// the list only Code is set.
func (c Origin) Row() Row {
	switch c {
	case OriginAccessDenied:
		return Row{Code: "access_denied", Status: 403, Title: "Key is valid but may not read this",
			Meaning: "Scope, policy, ACL or owner of the object refuse the key; on AWS this also hides a missing object.",
			Fix:     "Allow GetObject on bucket/* for this key, and check who owns the object.",
			Field:   "s3_access_key", Docs: "errors#origin-access_denied"}
	case OriginHeadRefused:
		return Row{Code: "head_refused", Status: 0, Title: "Metadata refused",
			Meaning: "HEAD is refused where GET is not: the object's ACL denies the key, or another policy covers HEAD, or the URL was presigned for GET, or bucket and object have different owners.",
			Fix:     "Allow the key in the object's ACL, let the policy cover HeadObject, do not use presigned URLs, give bucket and object one owner; or set head_mode to get.",
			Field:   "s3_access_key", Docs: "errors#origin-head_refused"}
	case OriginSecretWrong:
		return Row{Code: "secret_wrong", Status: 502, Title: "Secret or region wrong",
			Meaning: "The bucket did not accept the signature.",
			Fix:     "Paste the secret again, and check the region.",
			Field:   "s3_secret_key", Docs: "errors#origin-secret_wrong"}
	case OriginKeyUnknown:
		return Row{Code: "key_unknown", Status: 502, Title: "The bucket does not know this key",
			Meaning: "The access key belongs to another account, or was deleted.",
			Fix:     "Use an access key of the bucket's account.",
			Field:   "s3_access_key", Docs: "errors#origin-key_unknown"}
	case OriginRegionWrong:
		return Row{Code: "region_wrong", Status: 502, Title: "Wrong region",
			Meaning: "The bucket lies in another region than the one that was signed for.",
			Fix:     "Set s3_region to the region that the bucket names.",
			Field:   "s3_region", Docs: "errors#origin-region_wrong"}
	case OriginRegionLearned:
		return Row{Code: "region_learned", Status: 0, Title: "Bucket lives elsewhere",
			Meaning: "The bucket named another region, and the request was signed again for it.",
			Fix:     "Set url and s3_region to that endpoint.",
			Field:   "url", Docs: "errors#origin-region_learned"}
	case OriginRedirectUntrusted:
		return Row{Code: "redirect_untrusted", Status: 502, Title: "Refused to follow",
			Meaning: "The bucket redirected to a host outside its provider; credentials never go there.",
			Fix:     "Set the endpoint by hand if the host is right.",
			Field:   "url", Docs: "errors#origin-redirect_untrusted"}
	case OriginClockSkew:
		return Row{Code: "clock_skew", Status: 502, Title: "This edge's clock is off",
			Meaning: "The bucket refused the time of the signature.",
			Fix:     "Repair time synchronisation (NTP) on the edge.",
			Field:   "edge", Docs: "errors#origin-clock_skew"}
	case OriginCredentialsExpired:
		return Row{Code: "credentials_expired", Status: 502, Title: "Temporary credentials ran out",
			Meaning: "The credentials were valid for a limited time, and were not renewed.",
			Fix:     "Look at last_error of the credentials, and remove the cause.",
			Field:   "credentials.role_arn", Docs: "errors#origin-credentials_expired"}
	case OriginTokenInvalid:
		return Row{Code: "token_invalid", Status: 502, Title: "Session token not accepted",
			Meaning: "Session token and access key do not belong together.",
			Fix:     "Give access key, secret and token anew, all three from one answer.",
			Field:   "s3_session_token", Docs: "errors#origin-token_invalid"}
	case OriginSTSRefused:
		return Row{Code: "sts_refused", Status: 502, Title: "Role may not be assumed",
			Meaning: "The provider refused temporary credentials for the role.",
			Fix:     "Check the role's trust policy, the external id and the duration.",
			Field:   "credentials.role_arn", Docs: "errors#origin-sts_refused"}
	case OriginUnsigned:
		return Row{Code: "unsigned", Status: 502, Title: "Request was not signed, or signed twice",
			Meaning: "Signing is off for a private bucket, or two mechanisms signed one request.",
			Fix:     "Set s3_auth_enabled to true and save again.",
			Field:   "s3_auth_enabled", Docs: "errors#origin-unsigned"}
	case OriginAccountDisabled:
		return Row{Code: "account_disabled", Status: 502, Title: "Account or bucket disabled",
			Meaning: "The provider switched off all access.",
			Fix:     "Contact the provider.",
			Field:   "s3_access_key", Docs: "errors#origin-account_disabled"}
	case OriginBucketMissing:
		return Row{Code: "bucket_missing", Status: 502, Title: "No such bucket",
			Meaning: "The bucket of the request does not exist at this endpoint. Where neither s3_bucket nor base_path is set, the first segment of the viewer's path was taken for it.",
			Fix:     "If s3_bucket is set, correct it; if the bucket comes from base_path or from the viewer's path, correct that, or set s3_bucket.",
			Field:   "base_path", Docs: "errors#origin-bucket_missing"}
	case OriginObjectMissing:
		return Row{Code: "object_missing", Status: 404, Title: "Bucket right, object missing",
			Meaning: "The bucket answered, and has no object of this key.",
			Fix:     "Compare the key exactly: case, blanks and slashes count.",
			Field:   "test_path", Docs: "errors#origin-object_missing"}
	case OriginWrongJurisdiction:
		return Row{Code: "wrong_jurisdiction", Status: 502, Title: "Wrong jurisdiction or account",
			Meaning: "The endpoint does not hold the bucket (421).",
			Fix:     "Try the endpoint of the other jurisdiction, such as the .eu. one.",
			Field:   "url", Docs: "errors#origin-wrong_jurisdiction"}
	case OriginKMSDenied:
		return Row{Code: "kms_denied", Status: 502, Title: "Role may not use the KMS key",
			Meaning: "The object is encrypted with a key that these credentials may not use.",
			Fix:     "Grant use of the KMS key (on OSS: AliyunKMSCryptoUserAccess).",
			Field:   "credentials.role_arn", Docs: "errors#origin-kms_denied"}
	case OriginObjectArchived:
		return Row{Code: "object_archived", Status: 403, Title: "Object is archived",
			Meaning: "The object lies in an archive class and cannot be read as it is.",
			Fix:     "Restore it first.",
			Field:   "test_path", Docs: "errors#origin-object_archived"}
	case OriginOSSV1Refused:
		return Row{Code: "oss_v1_refused", Status: 502, Title: "V1 signatures no longer accepted",
			Meaning: "The provider takes OSS V4 signatures only.",
			Fix:     "Set auth_type to oss_v4.",
			Field:   "auth_type", Docs: "errors#origin-oss_v1_refused"}
	case OriginOriginBusy:
		return Row{Code: "origin_busy", Status: 503, Title: "Bucket is throttling",
			Meaning: "The bucket asked for fewer requests; the edge backs off.",
			Fix:     "Look at the provider's status; spread keys over more prefixes.",
			Field:   "url", Docs: "errors#origin-origin_busy"}
	case OriginOriginError:
		return Row{Code: "origin_error", Status: 502, Title: "Bucket failed",
			Meaning: "The bucket answered with an error of its own (500, 502 or 504).",
			Fix:     "Look at the provider's status.",
			Field:   "url", Docs: "errors#origin-origin_error"}
	case OriginOriginRejected:
		return Row{Code: "origin_rejected", Status: 502, Title: "Request refused",
			Meaning: "The bucket refused the request with a code that Cistern does not know.",
			Fix:     "Report it with status and code as logged.",
			Field:   "", Docs: "errors#origin-origin_rejected"}
	case OriginFrontLayer:
		return Row{Code: "front_layer", Status: 502, Title: "Something in front of the bucket answered",
			Meaning: "The answer is a web page where the bucket would send XML; server name or Host do not match the bucket.",
			Fix:     "Check url and host_header.",
			Field:   "host_header", Docs: "errors#origin-front_layer"}
	case OriginDNSFailed:
		return Row{Code: "dns_failed", Status: 502, Title: "Endpoint name not found",
			Meaning: "The name of the endpoint has no address.",
			Fix:     "Check the spelling of url, and the edge's name servers.",
			Field:   "url", Docs: "errors#origin-dns_failed"}
	case OriginConnectFailed:
		return Row{Code: "connect_failed", Status: 502, Title: "Cannot connect to the endpoint",
			Meaning: "The endpoint refused the connection or cannot be reached.",
			Fix:     "Check url and port, and the firewalls between edge and endpoint.",
			Field:   "url", Docs: "errors#origin-connect_failed"}
	case OriginConnectionCut:
		return Row{Code: "connection_cut", Status: 502, Title: "Endpoint cut the connection",
			Meaning: "The endpoint took the connection, and closed it before its answer was complete.",
			Fix:     "Look at the endpoint's own log, and at proxies and firewalls on the way; an http URL to a port that speaks TLS also ends so.",
			Field:   "url", Docs: "errors#origin-connection_cut"}
	case OriginTLSFailed:
		return Row{Code: "tls_failed", Status: 502, Title: "TLS with the endpoint failed",
			Meaning: "The endpoint's certificate is not valid for the name, not trusted, or expired.",
			Fix:     "Check url; a private certificate authority goes into ca_pem.",
			Field:   "url", Docs: "errors#origin-tls_failed"}
	case OriginTimeout:
		return Row{Code: "timeout", Status: 504, Title: "Endpoint too slow",
			Meaning: "The endpoint did not answer within the time-out.",
			Fix:     "Check the endpoint; raise origin.connect_timeout_ms or origin.read_timeout_ms if it is slow by nature.",
			Field:   "url", Docs: "errors#origin-timeout"}
	case OriginAddressProhibited:
		return Row{Code: "address_prohibited", Status: 502, Title: "Address not allowed",
			Meaning: "The endpoint resolves to a private address, or to one that is never fetched from.",
			Fix:     "Use a public endpoint, or start the process with --allow-private-origins.",
			Field:   "url", Docs: "errors#origin-address_prohibited"}
	case OriginStyleWrong:
		return Row{Code: "style_wrong", Status: 0, Title: "Other addressing works",
			Meaning: "The bucket was found with the other way of naming it.",
			Fix:     "Change s3_addressing to the way that works.",
			Field:   "s3_addressing", Docs: "errors#origin-style_wrong"}
	case OriginBucketPublic:
		return Row{Code: "bucket_public", Status: 0, Title: "The bucket is public",
			Meaning: "The object can be read without signature, so viewers can go round the CDN.",
			Fix:     "Remove public access; or allow only this key, or only the addresses of the edges.",
			Field:   "", Docs: "errors#origin-bucket_public"}
	case OriginKeyTooBroad:
		return Row{Code: "key_too_broad", Status: 0, Title: "The key may do more than read objects",
			Meaning: "The key may list the bucket.",
			Fix:     "Scope the key to GetObject on bucket/*.",
			Field:   "s3_access_key", Docs: "errors#origin-key_too_broad"}
	case OriginKeyChangedSecretKept:
		return Row{Code: "key_changed_secret_kept", Status: 0, Title: "Key id and secret may not belong together",
			Meaning: "The key id was changed and the old secret was kept.",
			Fix:     "Paste the secret of the new key.",
			Field:   "s3_secret_key", Docs: "errors#origin-key_changed_secret_kept"}
	case OriginCredentialRevoked:
		return Row{Code: "credential_revoked", Status: 502, Title: "This credential was switched off",
			Meaning: "Somebody switched the credential off; no fetch uses it.",
			Fix:     "Enable it, or choose another one.",
			Field:   "s3_access_key", Docs: "errors#origin-credential_revoked"}
	case OriginSecretMissing:
		return Row{Code: "secret_missing", Status: 502, Title: "Key or secret missing",
			Meaning: "The origin is signed, but no complete pair of key and secret is stored; nothing is fetched from it.",
			Fix:     "Set s3_access_key and s3_secret_key.",
			Field:   "s3_secret_key", Docs: "errors#origin-secret_missing"}
	case OriginNoOrigin:
		return Row{Code: "no_origin", Status: 502, Title: "No enabled origin",
			Meaning: "The zone has nothing to fetch from.",
			Fix:     "Add an origin, or enable one.",
			Field:   "origins", Docs: "errors#origin-no_origin"}
	case OriginIPLocked:
		return Row{Code: "ip_locked", Status: 0, Title: "Bucket policy excludes some edges",
			Meaning: "Some edges are refused where others are not.",
			Fix:     "Add the addresses of these edges to the bucket's policy.",
			Field:   "edge", Docs: "errors#origin-ip_locked"}
	case OriginIgnoresRanges:
		return Row{Code: "ignores_ranges", Status: 0, Title: "Origin ignores ranges",
			Meaning: "A request for a part was answered with the whole; large files are fetched whole.",
			Fix:     "Nothing needs to be done; an origin that serves ranges makes large files start faster.",
			Field:   "", Docs: "errors#origin-ignores_ranges"}
	case OriginSliceMismatch:
		return Row{Code: "slice_mismatch", Status: 0, Title: "Object changed while read",
			Meaning: "A part came from another version of the object than the parts before.",
			Fix:     "If it happens again, upload new versions under new keys, or purge after the upload.",
			Field:   "", Docs: "errors#origin-slice_mismatch"}
	}
	return Row{Code: string(c)}
}

// OriginCodes returns all codes of list origin, in its order. The caller may keep
// and change them.
func OriginCodes() []Origin {
	return []Origin{
		OriginAccessDenied,
		OriginHeadRefused,
		OriginSecretWrong,
		OriginKeyUnknown,
		OriginRegionWrong,
		OriginRegionLearned,
		OriginRedirectUntrusted,
		OriginClockSkew,
		OriginCredentialsExpired,
		OriginTokenInvalid,
		OriginSTSRefused,
		OriginUnsigned,
		OriginAccountDisabled,
		OriginBucketMissing,
		OriginObjectMissing,
		OriginWrongJurisdiction,
		OriginKMSDenied,
		OriginObjectArchived,
		OriginOSSV1Refused,
		OriginOriginBusy,
		OriginOriginError,
		OriginOriginRejected,
		OriginFrontLayer,
		OriginDNSFailed,
		OriginConnectFailed,
		OriginConnectionCut,
		OriginTLSFailed,
		OriginTimeout,
		OriginAddressProhibited,
		OriginStyleWrong,
		OriginBucketPublic,
		OriginKeyTooBroad,
		OriginKeyChangedSecretKept,
		OriginCredentialRevoked,
		OriginSecretMissing,
		OriginNoOrigin,
		OriginIPLocked,
		OriginIgnoresRanges,
		OriginSliceMismatch,
	}
}

// An Access code says why an edge refused a viewer's request before any
// origin was asked. Its status is what the viewer gets; the code itself is
// never sent to the viewer.
type Access string

// Codes of list access.
const (
	AccessPathBadEncoding       Access = "path_bad_encoding"       // Path badly encoded
	AccessPathDotSegment        Access = "path_dot_segment"        // Dot segment in the path
	AccessPathNotAllowed        Access = "path_not_allowed"        // Path outside the allowed prefixes
	AccessBucketRootDenied      Access = "bucket_root_denied"      // Bucket root denied
	AccessBucketNameInvalid     Access = "bucket_name_invalid"     // Not a bucket name
	AccessKeyTooLong            Access = "key_too_long"            // Key too long
	AccessZoneUnknown           Access = "zone_unknown"            // Unknown host
	AccessZoneSuspended         Access = "zone_suspended"          // Zone suspended
	AccessMethodNotAllowed      Access = "method_not_allowed"      // Method not allowed
	AccessIPDenied              Access = "ip_denied"               // Address refused
	AccessCountryDenied         Access = "country_denied"          // Country refused
	AccessUserAgentDenied       Access = "user_agent_denied"       // User agent refused
	AccessRefererDenied         Access = "referer_denied"          // Referring page refused
	AccessRefererEmpty          Access = "referer_empty"           // No referring page
	AccessTokenMissing          Access = "token_missing"           // Token missing
	AccessTokenMalformed        Access = "token_malformed"         // Token malformed
	AccessTokenMismatch         Access = "token_mismatch"          // Token does not match
	AccessTokenExpired          Access = "token_expired"           // Token expired
	AccessTokenNotYet           Access = "token_not_yet"           // Token not valid yet
	AccessTokenIP               Access = "token_ip"                // Token made for another address
	AccessTokenCountry          Access = "token_country"           // Token made for other countries
	AccessTokenPath             Access = "token_path"              // Token made for another path
	AccessTokenKeyUnknown       Access = "token_key_unknown"       // Token names an unknown key
	AccessTokenAlg              Access = "token_alg"               // Token algorithm not accepted
	AccessSigMissingKey         Access = "sig_missing_key"         // Key-Pair-Id missing
	AccessSigUnknownKey         Access = "sig_unknown_key"         // Key-Pair-Id unknown
	AccessSigMissingSignature   Access = "sig_missing_signature"   // Signature missing
	AccessSigMalformedPolicy    Access = "sig_malformed_policy"    // Policy malformed
	AccessSigMalformedSignature Access = "sig_malformed_signature" // Signature malformed
	AccessSigDuplicateParam     Access = "sig_duplicate_param"     // Parameter sent twice
	AccessSigUnknownHash        Access = "sig_unknown_hash"        // Hash algorithm unknown
	AccessSigMismatch           Access = "sig_mismatch"            // Signature does not match
	AccessSigExpired            Access = "sig_expired"             // Signature expired
	AccessSigNotYet             Access = "sig_not_yet"             // Signature not valid yet
	AccessSigIP                 Access = "sig_ip"                  // Signed for another address
	AccessSigResource           Access = "sig_resource"            // Signed for another resource
	AccessSigRateLimited        Access = "sig_rate_limited"        // Too many signatures to check
	AccessSigOverload           Access = "sig_overload"            // Signature checks overloaded
)

// Row returns what is known about the code. For a text that is no code of
// the list only Code is set.
func (c Access) Row() Row {
	switch c {
	case AccessPathBadEncoding:
		return Row{Code: "path_bad_encoding", Status: 400, Title: "Path badly encoded",
			Meaning: "The path holds a percent sign without two hexadecimal digits, or an escaped NUL.",
			Fix:     "Encode the path once; a percent sign is %25.",
			Field:   "", Docs: "errors#access-path_bad_encoding"}
	case AccessPathDotSegment:
		return Row{Code: "path_dot_segment", Status: 400, Title: "Dot segment in the path",
			Meaning: "The path holds . or .. between slashes, or climbs above its root.",
			Fix:     "Resolve it before sending; keys that hold dot segments need delivery.dot_segments raw.",
			Field:   "delivery.dot_segments", Docs: "errors#access-path_dot_segment"}
	case AccessPathNotAllowed:
		return Row{Code: "path_not_allowed", Status: 403, Title: "Path outside the allowed prefixes",
			Meaning: "The zone delivers some prefixes only, and the path is below none of them.",
			Fix:     "Add the prefix if it shall be delivered.",
			Field:   "origin.allowed_prefixes", Docs: "errors#access-path_not_allowed"}
	case AccessBucketRootDenied:
		return Row{Code: "bucket_root_denied", Status: 403, Title: "Bucket root denied",
			Meaning: "The path names no object. A signed request for the root would list the bucket, so none is ever sent.",
			Fix:     "Ask for an object.",
			Field:   "", Docs: "errors#access-bucket_root_denied"}
	case AccessBucketNameInvalid:
		return Row{Code: "bucket_name_invalid", Status: 404, Title: "Not a bucket name",
			Meaning: "The first path segment is taken as the bucket, and cannot be one.",
			Fix:     "Correct the path; or set base_path or s3_bucket so that viewers need not name the bucket.",
			Field:   "base_path", Docs: "errors#access-bucket_name_invalid"}
	case AccessKeyTooLong:
		return Row{Code: "key_too_long", Status: 404, Title: "Key too long",
			Meaning: "The object key is longer than 1,024 bytes, so no such object exists.",
			Fix:     "Correct the path.",
			Field:   "", Docs: "errors#access-key_too_long"}
	case AccessZoneUnknown:
		return Row{Code: "zone_unknown", Status: 404, Title: "Unknown host",
			Meaning: "No zone has this hostname.",
			Fix:     "Add the hostname to a zone, or correct the name.",
			Field:   "hostnames", Docs: "errors#access-zone_unknown"}
	case AccessZoneSuspended:
		return Row{Code: "zone_suspended", Status: 403, Title: "Zone suspended",
			Meaning: "The zone is not active.",
			Fix:     "Set active to true.",
			Field:   "active", Docs: "errors#access-zone_suspended"}
	case AccessMethodNotAllowed:
		return Row{Code: "method_not_allowed", Status: 405, Title: "Method not allowed",
			Meaning: "The zone does not take this method.",
			Fix:     "Use a method listed in the Allow header.",
			Field:   "delivery.allowed_methods", Docs: "errors#access-method_not_allowed"}
	case AccessIPDenied:
		return Row{Code: "ip_denied", Status: 403, Title: "Address refused",
			Meaning: "The viewer's address is blocked, or not on the allow list.",
			Fix:     "Change access.ip if the viewer shall pass.",
			Field:   "access.ip", Docs: "errors#access-ip_denied"}
	case AccessCountryDenied:
		return Row{Code: "country_denied", Status: 403, Title: "Country refused",
			Meaning: "The viewer's country is blocked, or not on the allow list.",
			Fix:     "Change access.country if the viewer shall pass.",
			Field:   "access.country", Docs: "errors#access-country_denied"}
	case AccessUserAgentDenied:
		return Row{Code: "user_agent_denied", Status: 403, Title: "User agent refused",
			Meaning: "The viewer's program is blocked, or not on the allow list.",
			Fix:     "Change access.user_agent if the viewer shall pass.",
			Field:   "access.user_agent", Docs: "errors#access-user_agent_denied"}
	case AccessRefererDenied:
		return Row{Code: "referer_denied", Status: 403, Title: "Referring page refused",
			Meaning: "The page that embeds the object is blocked, or not on the allow list.",
			Fix:     "Change access.referer if the page shall embed the object.",
			Field:   "access.referer", Docs: "errors#access-referer_denied"}
	case AccessRefererEmpty:
		return Row{Code: "referer_empty", Status: 403, Title: "No referring page",
			Meaning: "The request names no referring page, and the zone asks for one.",
			Fix:     "Set access.referer.allow_empty to true if direct requests shall pass.",
			Field:   "access.referer.allow_empty", Docs: "errors#access-referer_empty"}
	case AccessTokenMissing:
		return Row{Code: "token_missing", Status: 403, Title: "Token missing",
			Meaning: "The zone is signed, and the URL carries no token.",
			Fix:     "Sign the URL.",
			Field:   "access.validators", Docs: "errors#access-token_missing"}
	case AccessTokenMalformed:
		return Row{Code: "token_malformed", Status: 403, Title: "Token malformed",
			Meaning: "The token does not have the form of the zone's dialect.",
			Fix:     "Compare the signing code with the dialect's description.",
			Field:   "access.validators", Docs: "errors#access-token_malformed"}
	case AccessTokenMismatch:
		return Row{Code: "token_mismatch", Status: 403, Title: "Token does not match",
			Meaning: "The token was made with another key, or for another URL.",
			Fix:     "Check the key, and sign exactly the path that viewers send.",
			Field:   "access.validators", Docs: "errors#access-token_mismatch"}
	case AccessTokenExpired:
		return Row{Code: "token_expired", Status: 403, Title: "Token expired",
			Meaning: "The time of the token is over.",
			Fix:     "Sign anew; check the signer's clock and the unit of its time stamps.",
			Field:   "", Docs: "errors#access-token_expired"}
	case AccessTokenNotYet:
		return Row{Code: "token_not_yet", Status: 403, Title: "Token not valid yet",
			Meaning: "The token begins in the future.",
			Fix:     "Check the signer's clock.",
			Field:   "", Docs: "errors#access-token_not_yet"}
	case AccessTokenIP:
		return Row{Code: "token_ip", Status: 403, Title: "Token made for another address",
			Meaning: "The token is bound to a viewer address, and the viewer has another.",
			Fix:     "Sign for the address that the edge sees, or without address.",
			Field:   "", Docs: "errors#access-token_ip"}
	case AccessTokenCountry:
		return Row{Code: "token_country", Status: 403, Title: "Token made for other countries",
			Meaning: "The token lists countries, and the viewer's is not among those allowed.",
			Fix:     "Sign for the viewer's country.",
			Field:   "", Docs: "errors#access-token_country"}
	case AccessTokenPath:
		return Row{Code: "token_path", Status: 403, Title: "Token made for another path",
			Meaning: "The token covers a path that the request is not below.",
			Fix:     "Sign the path that is asked for.",
			Field:   "", Docs: "errors#access-token_path"}
	case AccessTokenKeyUnknown:
		return Row{Code: "token_key_unknown", Status: 403, Title: "Token names an unknown key",
			Meaning: "The key that the token names is not among the zone's keys.",
			Fix:     "Add the key to the zone's validator, or sign with one of its keys.",
			Field:   "access.validators", Docs: "errors#access-token_key_unknown"}
	case AccessTokenAlg:
		return Row{Code: "token_alg", Status: 403, Title: "Token algorithm not accepted",
			Meaning: "The token names another algorithm than its key has.",
			Fix:     "Sign with the algorithm of the key.",
			Field:   "", Docs: "errors#access-token_alg"}
	case AccessSigMissingKey:
		return Row{Code: "sig_missing_key", Status: 403, Title: "Key-Pair-Id missing",
			Meaning: "The request has no Key-Pair-Id.",
			Fix:     "Send Key-Pair-Id beside policy and signature.",
			Field:   "", Docs: "errors#access-sig_missing_key"}
	case AccessSigUnknownKey:
		return Row{Code: "sig_unknown_key", Status: 403, Title: "Key-Pair-Id unknown",
			Meaning: "The key pair is not among the zone's keys.",
			Fix:     "Add the public key to the zone's validator, or sign with one of its keys.",
			Field:   "access.validators", Docs: "errors#access-sig_unknown_key"}
	case AccessSigMissingSignature:
		return Row{Code: "sig_missing_signature", Status: 403, Title: "Signature missing",
			Meaning: "The request has no Signature.",
			Fix:     "Sign the URL, or set the signed cookies.",
			Field:   "", Docs: "errors#access-sig_missing_signature"}
	case AccessSigMalformedPolicy:
		return Row{Code: "sig_malformed_policy", Status: 403, Title: "Policy malformed",
			Meaning: "The policy could not be read.",
			Fix:     "Compare the policy with the format's description.",
			Field:   "", Docs: "errors#access-sig_malformed_policy"}
	case AccessSigMalformedSignature:
		return Row{Code: "sig_malformed_signature", Status: 403, Title: "Signature malformed",
			Meaning: "The signature could not be decoded.",
			Fix:     "Encode it in the URL-safe form of Base64 that the format uses.",
			Field:   "", Docs: "errors#access-sig_malformed_signature"}
	case AccessSigDuplicateParam:
		return Row{Code: "sig_duplicate_param", Status: 403, Title: "Parameter sent twice",
			Meaning: "A parameter of the signature occurs more than once.",
			Fix:     "Send each once.",
			Field:   "", Docs: "errors#access-sig_duplicate_param"}
	case AccessSigUnknownHash:
		return Row{Code: "sig_unknown_hash", Status: 403, Title: "Hash algorithm unknown",
			Meaning: "The signature names a hash algorithm that is not accepted.",
			Fix:     "Use SHA1 or SHA256.",
			Field:   "", Docs: "errors#access-sig_unknown_hash"}
	case AccessSigMismatch:
		return Row{Code: "sig_mismatch", Status: 403, Title: "Signature does not match",
			Meaning: "The signature was made with another key, or over another policy.",
			Fix:     "Check the private key, and that nobody changes the URL after it was signed.",
			Field:   "", Docs: "errors#access-sig_mismatch"}
	case AccessSigExpired:
		return Row{Code: "sig_expired", Status: 403, Title: "Signature expired",
			Meaning: "The time of the policy is over.",
			Fix:     "Sign anew; check the signer's clock.",
			Field:   "", Docs: "errors#access-sig_expired"}
	case AccessSigNotYet:
		return Row{Code: "sig_not_yet", Status: 403, Title: "Signature not valid yet",
			Meaning: "The policy begins in the future.",
			Fix:     "Check the signer's clock.",
			Field:   "", Docs: "errors#access-sig_not_yet"}
	case AccessSigIP:
		return Row{Code: "sig_ip", Status: 403, Title: "Signed for another address",
			Meaning: "The policy is bound to addresses, and the viewer's is not among them.",
			Fix:     "Sign for the address that the edge sees, or without address.",
			Field:   "", Docs: "errors#access-sig_ip"}
	case AccessSigResource:
		return Row{Code: "sig_resource", Status: 403, Title: "Signed for another resource",
			Meaning: "The policy covers other URLs than the one asked for.",
			Fix:     "Sign the URL that viewers send, scheme and query included.",
			Field:   "", Docs: "errors#access-sig_resource"}
	case AccessSigRateLimited:
		return Row{Code: "sig_rate_limited", Status: 429, Title: "Too many signatures to check",
			Meaning: "The viewer sent more bad signatures than are checked for one address.",
			Fix:     "Wait; look for the client that sends them.",
			Field:   "", Docs: "errors#access-sig_rate_limited"}
	case AccessSigOverload:
		return Row{Code: "sig_overload", Status: 503, Title: "Signature checks overloaded",
			Meaning: "The edge checks as many new signatures as it can.",
			Fix:     "Wait; add edges if it lasts.",
			Field:   "", Docs: "errors#access-sig_overload"}
	}
	return Row{Code: string(c)}
}

// AccessCodes returns all codes of list access, in its order. The caller may keep
// and change them.
func AccessCodes() []Access {
	return []Access{
		AccessPathBadEncoding,
		AccessPathDotSegment,
		AccessPathNotAllowed,
		AccessBucketRootDenied,
		AccessBucketNameInvalid,
		AccessKeyTooLong,
		AccessZoneUnknown,
		AccessZoneSuspended,
		AccessMethodNotAllowed,
		AccessIPDenied,
		AccessCountryDenied,
		AccessUserAgentDenied,
		AccessRefererDenied,
		AccessRefererEmpty,
		AccessTokenMissing,
		AccessTokenMalformed,
		AccessTokenMismatch,
		AccessTokenExpired,
		AccessTokenNotYet,
		AccessTokenIP,
		AccessTokenCountry,
		AccessTokenPath,
		AccessTokenKeyUnknown,
		AccessTokenAlg,
		AccessSigMissingKey,
		AccessSigUnknownKey,
		AccessSigMissingSignature,
		AccessSigMalformedPolicy,
		AccessSigMalformedSignature,
		AccessSigDuplicateParam,
		AccessSigUnknownHash,
		AccessSigMismatch,
		AccessSigExpired,
		AccessSigNotYet,
		AccessSigIP,
		AccessSigResource,
		AccessSigRateLimited,
		AccessSigOverload,
	}
}
