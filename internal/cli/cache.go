package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/client"
)

// cacheSettings are the flags of a zone's cache settings, named as in the API.
type cacheSettings struct {
	CacheEnabled         *bool        `name:"cache-enabled" env:"-" help:"--cache-enabled=false: pass everything, store nothing."`
	DefaultTTL           *autoTTL     `name:"default-ttl" env:"-" placeholder:"SECONDS|auto" help:"Lifetime when the origin gives none; auto is 86400 if the origin is signed, else 0."`
	OverrideTTL          []statusTTL  `name:"override-ttl" env:"-" sep:"none" placeholder:"STATUS=SECONDS" help:"Lifetime of a status, or of any not listed, instead of the origin's word: 404=60, any=5; 404=none takes one back, \"\" all. May be repeated."`
	MinTTL               *int64       `name:"min-ttl" env:"-" placeholder:"SECONDS" help:"Shortest lifetime of what is stored; default 0."`
	MaxTTL               *boundTTL    `name:"max-ttl" env:"-" placeholder:"SECONDS|none" help:"Longest lifetime; default none."`
	BrowserTTL           *browserTTL  `name:"browser-ttl" env:"-" placeholder:"SECONDS|origin" help:"Lifetime that viewers are told; 0 is no-cache; default is what the origin says."`
	NegativeTTL          *int64       `name:"negative-ttl" env:"-" placeholder:"SECONDS" help:"Lifetime of what a signed origin does not have; default 10."`
	Heuristic            *bool        `name:"heuristic" env:"-" help:"--heuristic=false: no lifetimes by the age since Last-Modified."`
	StaleIfError         *int64       `name:"stale-if-error" env:"-" placeholder:"SECONDS" help:"How long a stale object is served when the origin fails as --stale-on says; default 86400."`
	StaleOn              []string     `name:"stale-on" env:"-" sep:"none" placeholder:"error|timeout|http_503|…" help:"What failing is; may be repeated, \"\" is nothing; default error and timeout."`
	StaleWhileRevalidate *int64       `name:"stale-while-revalidate" env:"-" placeholder:"SECONDS" help:"How long a stale object is served while it is refreshed; default 0."`
	QueryMode            *string      `name:"query-mode" env:"-" placeholder:"auto|all|none|only|except" help:"What of the query is in the cache key; auto is what is forwarded."`
	QueryName            []string     `name:"query-name" env:"-" sep:"none" placeholder:"NAME" help:"Parameter for --query-mode only or except; may be repeated."`
	QuerySort            *bool        `name:"query-sort" env:"-" help:"The order of parameters does not matter; default for only and except."`
	KeyScheme            *bool        `name:"key-scheme" env:"-" help:"http and https are stored apart."`
	KeyHost              *bool        `name:"key-host" env:"-" help:"The hostnames of the zone are stored apart."`
	KeyHeader            []string     `name:"key-header" env:"-" sep:"none" placeholder:"NAME" help:"Request field whose values are stored apart; may be repeated, \"\" is none."`
	SetCookie            *string      `name:"set-cookie" env:"-" placeholder:"store|strip|bypass" help:"Answers that set cookies: stored as they are, the cookie stripped, or not stored."`
	Cookies              *cookiesFlag `name:"cookies" env:"-" placeholder:"auto|strip|forward|key:NAME,…" help:"Viewers' cookies; key:a,b forwards these and stores by their values; auto is strip if the origin is signed, else forward."`
	Authorization        *string      `name:"authorization" env:"-" placeholder:"rfc|ignore" help:"ignore removes a viewer's Authorization; only if every origin is signed."`
	RequestDirectives    *string      `name:"request-directives" env:"-" placeholder:"ignore|honor" help:"Whether a viewer's Cache-Control acts."`
	TagHeader            []string     `name:"tag-header" env:"-" sep:"none" placeholder:"NAME" help:"Response field with purge tags; may be repeated, \"\" is none; default Cache-Tag, Surrogate-Key, Cache-Groups and the cache-tag metadata of buckets."`
}

// patch returns the settings that were given.
func (s *cacheSettings) patch() client.ZoneCachePatch {
	p := client.ZoneCachePatch{
		Enabled: opt(s.CacheEnabled), MinTTL: opt(s.MinTTL), NegativeTTL: opt(s.NegativeTTL), Heuristic: opt(s.Heuristic),
		StaleIfError: opt(s.StaleIfError), StaleOn: optWords[client.StaleCondition](s.StaleOn), StaleWhileRevalidate: opt(s.StaleWhileRevalidate),
		SetCookie: optWord[client.SetCookie](s.SetCookie), Authorization: optWord[client.ViewerAuthorization](s.Authorization),
		RequestDirectives: optWord[client.RequestDirectives](s.RequestDirectives),
		TagHeaders:        optWords[string](s.TagHeader),
		OverrideTTL:       overrides(s.OverrideTTL),
	}
	if s.DefaultTTL != nil {
		p.DefaultTTL = s.DefaultTTL.Nullable
	}
	if s.MaxTTL != nil {
		p.MaxTTL = s.MaxTTL.Nullable
	}
	if s.BrowserTTL != nil {
		p.BrowserTTL = s.BrowserTTL.Nullable
	}
	if s.Cookies != nil {
		p.Cookies = s.Cookies.Nullable
	}
	if s.QueryMode != nil || s.QueryName != nil || s.QuerySort != nil {
		p.Query.Set(client.QueryKeyPatch{Mode: optWord[client.QueryKeyMode](s.QueryMode), Names: optWords[string](s.QueryName), Sort: opt(s.QuerySort)})
	}
	if s.KeyScheme != nil || s.KeyHost != nil || s.KeyHeader != nil {
		p.Key.Set(client.KeyPartsPatch{Scheme: opt(s.KeyScheme), Host: opt(s.KeyHost), Headers: optWords[string](s.KeyHeader)})
	}
	return p
}

// optWord is opt for a word of an enumeration.
func optWord[E ~string](p *string) nullable.Nullable[E] {
	if p == nil {
		return nil
	}
	return nullable.NewNullableWithValue(E(*p))
}

// optWords is a list that is sent only if its flag was given; "" alone gives
// the empty list.
func optWords[E ~string](list []string) nullable.Nullable[[]E] {
	if list == nil {
		return nil
	}
	out := []E{}
	for _, s := range list {
		if s != "" {
			out = append(out, E(s))
		}
	}
	return nullable.NewNullableWithValue(out)
}

// seconds reads a number of seconds, or the word that stands for none.
func seconds(text []byte, word string) (n nullable.Nullable[int64], err error) {
	if string(text) == word {
		n.SetNull()
		return n, nil
	}
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return n, fmt.Errorf("read %q: want a number of seconds, or %s", text, word)
	}
	n.Set(v)
	return n, nil
}

// autoTTL, boundTTL and browserTTL are numbers of seconds, or "auto", "none"
// and "origin".
type (
	autoTTL    struct{ nullable.Nullable[int64] }
	boundTTL   struct{ nullable.Nullable[int64] }
	browserTTL struct{ nullable.Nullable[int64] }
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *autoTTL) UnmarshalText(text []byte) (err error) {
	t.Nullable, err = seconds(text, "auto")
	return err
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *boundTTL) UnmarshalText(text []byte) (err error) {
	t.Nullable, err = seconds(text, "none")
	return err
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *browserTTL) UnmarshalText(text []byte) (err error) {
	t.Nullable, err = seconds(text, "origin")
	return err
}

// A statusTTL is one value of --override-ttl. Without status it stands for
// "take all back"; without ttl for "take this one back".
type statusTTL struct {
	status string
	ttl    *int64
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *statusTTL) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	status, ttl, ok := strings.Cut(string(text), "=")
	n, err := seconds([]byte(ttl), "none")
	if !ok || err != nil || status == "" {
		return fmt.Errorf("read %q: want STATUS=SECONDS as in 404=60 or any=5, or STATUS=none", text)
	}
	t.status = status
	if v, err := n.Get(); err == nil {
		t.ttl = &v
	}
	return nil
}

// overrides makes the changes that flags ask for, the last one of a status
// counting.
func overrides(flags []statusTTL) nullable.Nullable[map[string]*int64] {
	if flags == nil {
		return nil
	}
	changes := map[string]*int64{}
	for _, f := range flags {
		if f.status == "" {
			return nullable.NewNullNullable[map[string]*int64]()
		}
		changes[f.status] = f.ttl
	}
	return nullable.NewNullableWithValue(changes)
}

// A cookiesFlag is the value of --cookies.
type cookiesFlag struct {
	nullable.Nullable[client.Cookies]
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *cookiesFlag) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		f.SetNull()
		return nil
	}
	var c client.Cookies
	var err error
	if names, ok := strings.CutPrefix(string(text), "key:"); ok {
		err = c.FromCookieKey(client.CookieKey{Key: strings.Split(names, ",")})
	} else {
		err = c.FromCookieMode(client.CookieMode(text))
	}
	if err != nil {
		return err
	}
	f.Set(c)
	return nil
}

// cacheTable writes the cache settings of a zone for people.
func cacheTable(w io.Writer, c *client.ZoneCache) {
	if !c.Enabled {
		line(w, "cache", "off: everything is passed")
	}
	line(w, "default ttl", secondsOr(c.DefaultTTL, "auto (1 day if signed, else 0)"))
	var byStatus []string
	for _, status := range slices.Sorted(maps.Keys(c.OverrideTTL)) {
		byStatus = append(byStatus, fmt.Sprintf("%s: %d s", status, c.OverrideTTL[status]))
	}
	line(w, "override ttl", strings.Join(byStatus, ", "))
	line(w, "ttl bounds", fmt.Sprintf("%d s to %s", c.MinTTL, secondsOr(c.MaxTTL, "no limit")))
	line(w, "negative ttl", fmt.Sprintf("%d s", c.NegativeTTL))
	line(w, "browser ttl", secondsOr(c.BrowserTTL, "as the origin says"))
	line(w, "heuristic ttl", yes(c.Heuristic))
	line(w, "stale on error", fmt.Sprintf("%d s, on %s", c.StaleIfError, listed(c.StaleOn, "nothing")))
	line(w, "stale on refresh", fmt.Sprintf("%d s", c.StaleWhileRevalidate))
	line(w, "query in key", queryText(string(c.Query.Mode), "auto (what is forwarded)", c.Query.Names, c.Query.Sort))
	parts := []string{"path", "query"}
	if c.Key.Scheme {
		parts = append(parts, "scheme")
	}
	if c.Key.Host {
		parts = append(parts, "host")
	}
	line(w, "cache key", strings.Join(append(parts, c.Key.Headers...), ", "))
	line(w, "set-cookie", c.SetCookie)
	line(w, "viewer cookies", cookiesText(c.Cookies))
	line(w, "authorization", c.Authorization)
	line(w, "directives", c.RequestDirectives)
	line(w, "tag headers", strings.Join(c.TagHeaders, ", "))
}

func secondsOr(n nullable.Nullable[int64], none string) string {
	if v, err := n.Get(); err == nil {
		return fmt.Sprintf("%d s", v)
	}
	return none
}

func listed[E ~string](list []E, none string) string {
	if len(list) == 0 {
		return none
	}
	var words []string
	for _, e := range list {
		words = append(words, string(e))
	}
	return strings.Join(words, ", ")
}

// queryText writes a query policy; auto says what its default means.
func queryText(mode, auto string, names []string, sorted bool) string {
	if mode == "auto" {
		mode = auto
	}
	if len(names) > 0 {
		mode += " " + strings.Join(names, ", ")
	}
	if sorted {
		mode += ", sorted"
	}
	return mode
}

func cookiesText(c nullable.Nullable[client.Cookies]) string {
	policy, err := c.Get()
	if err != nil {
		return "auto (strip if signed, else forward)"
	}
	if by, err := policy.AsCookieKey(); err == nil {
		return "in the key: " + strings.Join(by.Key, ", ")
	}
	mode, err := policy.AsCookieMode()
	if err != nil {
		return "unknown"
	}
	return string(mode)
}
