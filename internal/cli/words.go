package cli

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/client"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// The API speaks of its fields, people typed flags. This file translates what
// errors and warnings say.

// problemError writes a problem as text: its title, then what is wrong with
// each flag, then what to do. Sent is the body of the request, or nil.
func problemError(p *client.Problem, sent []byte) error {
	var b strings.Builder
	b.WriteString(p.Title + ":")
	switch lines := faultLines(p, sent); len(lines) {
	case 0:
		b.WriteString(" " + inFlags(p.Detail))
	case 1:
		b.WriteString(" " + lines[0])
	default:
		b.WriteString("\n  " + strings.Join(lines, "\n  "))
	}
	if p.Hint != nil && *p.Hint != "" && !saysLittle(p) {
		b.WriteString("\n" + inFlags(*p.Hint))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		b.WriteString("\nThe token comes from CISTERN_TOKEN or --token. " + whereTokenLies)
	case http.StatusInternalServerError:
		b.WriteString("\nRequest id: " + p.RequestID)
	}
	return errors.New(b.String())
}

// saysLittle reports whether the hint of a problem helps programs only, or
// says no more than that the message should be read.
func saysLittle(p *client.Problem) bool {
	code := catalog.API(p.Code)
	switch code {
	case catalog.APIUnauthenticated:
		return true
	case catalog.APIInvalid, catalog.APIBadFormat, catalog.APIBadType, catalog.APIBadEnum, catalog.APIOutOfRange, catalog.APIRequired:
		return *p.Hint == code.Row().Fix
	}
	return false
}

// faultLines returns what is wrong with each field, in flags.
func faultLines(p *client.Problem, sent []byte) []string {
	if p.Errors == nil {
		return nil
	}
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(*p.Errors)) {
		for _, f := range (*p.Errors)[field] {
			lines = append(lines, label(field, sent)+": "+inFlags(f.Message))
		}
	}
	return lines
}

// label names what was typed for a field: its flag, and the entry if the field
// is one of a list.
func label(field string, sent []byte) string {
	name, ok := flagOf(field)
	if !ok {
		return field
	}
	if entry := entryOf(field, sent); entry != "" {
		name += " " + strconv.Quote(entry)
	}
	return name
}

// entryOf returns the text that a body has at field, if that is an entry of a
// list. Nothing else of a body is ever shown: it may hold a secret.
func entryOf(field string, body []byte) string {
	steps := strings.Split(field, ".")
	if !isIndex(steps[len(steps)-1]) {
		return ""
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	for _, step := range steps {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		}
	}
	text, _ := v.(string)
	return text
}

func isIndex(step string) bool { return step != "" && strings.Trim(step, "0123456789") == "" }

// flagOf returns what sets a field of the API in the command line: a flag, or
// the name of an argument. What stands below a field is set together with it.
func flagOf(field string) (name string, ok bool) {
	var steps []string
	for step := range strings.SplitSeq(field, ".") {
		if !isIndex(step) {
			steps = append(steps, step)
		}
	}
	all := flags()
	for n := len(steps); n > 0; n-- {
		at := strings.Join(steps[:n], ".")
		if name, ok = all[at]; ok {
			return name, true
		}
		if name, ok = all[strings.TrimPrefix(at, "origins.")]; ok {
			return name, true
		}
	}
	return "", false
}

// flags returns what sets each field, by its path without indices. Fields of
// an origin are named as in an origin.
func flags() map[string]string {
	return map[string]string{
		"hostnames": "hostname", "urls": "URL", "prefixes": "--prefix", "tags": "--tag", "all": "--all", "soft": "--soft", "dry_run": "--dry-run",
		"name": "--name", "active": "--active", "q": "--q", "origins.name": "--origin-name",

		"origin.connect_timeout_ms": "--connect-timeout-ms", "origin.read_timeout_ms": "--read-timeout-ms",
		"origin.allowed_prefixes": "--allowed-prefix",
		"origin.forward_query":    "--forward-query-mode", "origin.forward_query.names": "--forward-query-name",
		"cache.enabled": "--cache-enabled", "cache.default_ttl": "--default-ttl", "cache.override_ttl": "--override-ttl",
		"cache.min_ttl": "--min-ttl", "cache.max_ttl": "--max-ttl", "cache.browser_ttl": "--browser-ttl", "cache.negative_ttl": "--negative-ttl",
		"cache.heuristic": "--heuristic", "cache.stale_if_error": "--stale-if-error", "cache.stale_on": "--stale-on",
		"cache.stale_while_revalidate": "--stale-while-revalidate",
		"cache.query":                  "--query-mode", "cache.query.names": "--query-name", "cache.query.sort": "--query-sort",
		"cache.key.scheme": "--key-scheme", "cache.key.host": "--key-host", "cache.key.headers": "--key-header",
		"cache.set_cookie": "--set-cookie", "cache.cookies": "--cookies", "cache.authorization": "--authorization",
		"cache.request_directives": "--request-directives", "cache.tag_headers": "--tag-header",
		"delivery.allowed_methods": "--allowed-method", "delivery.dot_segments": "--dot-segments", "delivery.plus_as_space": "--plus-as-space",
		"access.public_ack": "--public-ack", "access.viewer_access": "--public-ack", // public_ack is the mend of what is said of it

		"url": "--url", "provider": "--provider", "host_header": "--host-header", "base_path": "--base-path", "enabled": "--enabled",
		"s3_bucket": "--bucket", "s3_addressing": "--addressing", "s3_region": "--region", "s3_service": "--service",
		"s3_payload_hash": "--payload-hash", "s3_auth_enabled": "--s3-auth", "auth_type": "--s3-auth",
		"s3_access_key": "--access-key", "s3_secret_key": "--secret-key-file", "s3_session_token": "--session-token-file",
		"tls_verify": "--tls-verify", "ca_pem": "--ca-file", "max_connections": "--max-connections", "keep_cache": "--keep-cache",
	}
}

// fieldInText finds names of fields in a sentence, as far as they are no words
// of English, and the value that a switch is to get. It is never changed.
var fieldInText = regexp.MustCompile(`([a-z][a-z0-9]*(?:[._][a-z0-9]+)+)(?:(?: to)? (true|false)\b)?`)

// inFlags returns a sentence of the API with flags instead of fields.
func inFlags(text string) string {
	all := flags()
	return fieldInText.ReplaceAllStringFunc(text, func(found string) string {
		part := fieldInText.FindStringSubmatch(found)
		name, ok := all[part[1]]
		switch {
		case !ok:
			return found
		case part[2] == "false":
			return name + "=false"
		case part[2] == "true":
			return name
		}
		return name + found[len(part[1]):]
	})
}
