package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// A query is what a request wants of a list.
type query[T store.Record] struct {
	name   string // of the list, so that a cursor fits no other
	limit  *int
	cursor *string

	bound []string // what a cursor is bound to: sort and filters
	match []func(T) bool
	key   func(T) string
	down  bool
}

const defaultLimit = 50

// sortBy chooses the order, a name among keys, reversed by a leading "-".
func (q *query[T]) sortBy(order string, keys map[string]func(T) string) {
	name, down := strings.CutPrefix(order, "-")
	q.key, q.down = keys[name], down
	q.bound = append(q.bound, "sort="+order)
}

// filter keeps the items for which match is true. Value is what was asked for.
func (q *query[T]) filter(name, value string, match func(T) bool) {
	q.match = append(q.match, match)
	q.bound = append(q.bound, name+"="+value)
}

// A cursor is the readable form of next_cursor. It is no secret, and only
// bound to its list so that it is not used with another one by mistake.
type cursor struct {
	store.Position
	Bound []byte `json:"b"`
}

// page returns the page that is asked for.
func (q *query[T]) page(items []T) (page []T, next nullable.Nullable[string], total int, err error) {
	sum := sha256.Sum256([]byte(q.name + "\n" + strings.Join(q.bound, "\n")))
	bound := sum[:8]
	sq := store.Query[T]{Key: q.key, Descending: q.down, Limit: defaultLimit}
	if q.limit != nil {
		sq.Limit = *q.limit
	}
	sq.Match = func(it T) bool {
		for _, m := range q.match {
			if !m(it) {
				return false
			}
		}
		return true
	}
	if q.cursor != nil {
		var c cursor
		raw, err := base64.RawURLEncoding.DecodeString(*q.cursor)
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil || string(c.Bound) != string(bound) {
			return nil, nil, 0, refuse(catalog.APICursorInvalid, "")
		}
		sq.After = &c.Position
	}
	page, after, total := sq.Page(items)
	if after == nil {
		return page, null[string](), total, nil
	}
	raw, err := json.Marshal(cursor{*after, bound})
	return page, nullable.NewNullableWithValue(base64.RawURLEncoding.EncodeToString(raw)), total, err
}

// wordOr returns the parameter, or def if it is absent.
func wordOr[S ~string](p *S, def string) string {
	if p == nil {
		return def
	}
	return string(*p)
}

// number writes n so that texts sort as numbers do.
func number(n int64) string { return fmt.Sprintf("%020d", n) }

// moment writes t so that texts sort as times do.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000") }
