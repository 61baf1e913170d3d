package api

import (
	"reflect"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// The settings that are described for Cistern and have no effect in this
// version, with their defaults. A client may send them with their default,
// alone or inside an object that it read elsewhere; any other value is
// refused, so that nothing is accepted and then silently not done. A setting
// that is built moves from here to api/openapi.yaml.
//
// An object that is not empty stands for its fields; everything else is a
// default.
const (
	unbuiltZone = `{
		"description": "", "regions": [], "rules": [],
		"origin": {
			"origin_group_uuid": null, "protocol": "origin", "host_header": null, "forward_host": false, "sni": null,
			"follow_redirects": [], "shield": false
		},
		"cache": {"share": 100},
		"delivery": {
			"redirect": "none", "redirect_status": 301,
			"compression": {"enabled": true, "min_bytes": 1024, "encodings": ["zstd", "br", "gzip"], "types": null},
			"slice": "auto", "cors": null, "limit_rate": null, "error_pages": {}
		},
		"access": {
			"viewer_access": "public", "public_paths": [], "validators": [], "clock_skew_s": 0,
			"ip": {"mode": "off", "values": []}, "country": {"mode": "off", "values": []},
			"user_agent": {"mode": "off", "values": []},
			"referer": {"mode": "off", "values": [], "allow_empty": true, "include_subdomains": false, "allow_own": true},
			"refusal_body": "auto"
		},
		"tls": {"mode": "auto", "certificate_uuid": null, "min_version": "1.2", "http2": true, "http3": false, "hsts": null},
		"headers": {
			"response_set": [], "response_hide": {"mode": "hide", "names": []}, "request_set": [],
			"strip_storage": true, "cache_result": "standard"
		},
		"index": {"document": null, "directory_redirect": false, "not_found": null, "not_found_status": 404}
	}`

	unbuiltOrigin = `{
		"role": "primary", "weight": 1, "s3_session_expires_at": null, "credentials_uuid": null,
		"credentials": {
			"kind": "static", "role_arn": null, "external_id": null, "session_name": null, "duration": 3600,
			"sts_endpoint": null, "role_name": null
		},
		"missing_403": "auto", "head_mode": "head", "test_path": null, "rotation": null
	}`
)

// unbuiltValue reports whether a value of a field that is built is one that
// this version lacks.
func unbuiltValue(field string, value any) bool {
	switch field[strings.LastIndexByte(field, '.')+1:] {
	case "auth_type":
		return value == "oss_v4" || value == "oss_v1"
	case "provider":
		return value == "oss"
	}
	return false
}

// checkUnbuilt compares a value with the default of a setting without effect.
func checkUnbuilt(field string, value, def any) []fault {
	if value == nil {
		return nil // back to the default
	}
	fields, ok := def.(map[string]any)
	if object, isObject := value.(map[string]any); ok && len(fields) > 0 && isObject {
		var faults []fault
		for name, v := range object {
			sub, known := fields[name]
			if !known {
				faults = append(faults, unknownField(field+"."+name))
				continue
			}
			faults = append(faults, checkUnbuilt(field+"."+name, v, sub)...)
		}
		return faults
	}
	if reflect.DeepEqual(value, def) {
		return nil
	}
	return []fault{{field: field, code: catalog.APIUnsupported,
		message: "has no effect in this version, so only its default is taken"}}
}

func unknownField(field string) fault {
	return fault{field: field, code: catalog.APIUnknownField, message: "there is no such field"}
}

// unbuiltOperation reports whether path belongs to an operation that is
// described for Cistern and that this version does not have.
func unbuiltOperation(path string) bool {
	for _, pattern := range [...]string{
		"/cdn/setup", "/cdn/setup-link", "/cdn/session", "/cdn/sessions", "/cdn/me", "/cdn/me/password",
		"/cdn/accounts", "/cdn/accounts/*", "/cdn/users", "/cdn/users/*", "/cdn/invitations/accept",
		"/cdn/tokens", "/cdn/tokens/*",
		"/cdn/zones/*/rules", "/cdn/zones/*/rules/order", "/cdn/zones/*/rules/*",
		"/cdn/zones/*/origins/*/check", "/cdn/zones/*/origins/*/rotate", "/cdn/origins/check",
		"/cdn/zones/*/prefetch", "/cdn/zones/*/prefetches", "/cdn/zones/*/prefetches/*", "/cdn/zones/*/prefetches/*/retry",
		"/cdn/zones/*/revisions", "/cdn/zones/*/revisions/*", "/cdn/zones/*/revisions/*/diff", "/cdn/zones/*/revisions/*/rollback",
		"/cdn/zones/*/fetch-test", "/cdn/zones/*/dns",
		"/cdn/origin-groups", "/cdn/origin-groups/*", "/cdn/origin-groups/*/origins", "/cdn/origin-groups/*/origins/*",
		"/cdn/credentials", "/cdn/credentials/*", "/cdn/credentials/*/rotate", "/cdn/credentials/*/check",
		"/cdn/jobs", "/cdn/jobs/*",
		"/cdn/keys", "/cdn/keys/*", "/cdn/key-groups", "/cdn/key-groups/*",
		"/cdn/certificates", "/cdn/certificates/*", "/cdn/certificates/*/renew", "/cdn/sign", "/cdn/sign/check",
		"/cdn/edges/*", "/cdn/edges/*/drain", "/cdn/edges/*/undrain", "/cdn/edge-joins", "/cdn/edge-joins/*",
		"/cdn/explain", "/cdn/events",
		"/cdn/reports/series", "/cdn/reports/totals", "/cdn/reports/top", "/cdn/reports/savings", "/cdn/reports/usage",
		"/cdn/prices", "/cdn/audit", "/cdn/settings", "/cdn/export", "/cdn/apply", "/cdn/backup",
		"/gcore/openapi.yaml", "/gcore/cdn/**",
	} {
		if matches(pattern, path) {
			return true
		}
	}
	return false
}

// matches reports whether path has the form of pattern, in which "*" stands
// for one segment and a final "**" for any.
func matches(pattern, path string) bool {
	for {
		p, morePattern, cutPattern := strings.Cut(pattern, "/")
		s, morePath, cutPath := strings.Cut(path, "/")
		switch {
		case p == "**":
			return true
		case p == "*" && s == "", p != "*" && p != s, cutPattern != cutPath:
			return false
		case !cutPattern:
			return true
		}
		pattern, path = morePattern, morePath
	}
}
