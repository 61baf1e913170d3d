package purge

import (
	"slices"
	"sort"
	"strings"
)

// A scope tells which objects purges name, and the newest revision of those
// that name one. The zero value names none.
type scope struct {
	all      int64
	targets  map[uint64]int64 // hash of zone and target → revision
	tags     map[uint64]int64 // hash of tag → revision
	prefixes prefixes
}

// newest returns the newest revision of a purge that names an object, 0 if
// none does.
func (s *scope) newest(hash uint64, target string, tags []uint64) int64 {
	n := s.all
	if len(s.targets) > 0 {
		n = max(n, s.targets[hash])
	}
	if len(s.prefixes) > 0 {
		n = max(n, s.prefixes.newest(target))
	}
	if len(s.tags) > 0 {
		for _, tag := range tags {
			n = max(n, s.tags[tag])
		}
	}
	return n
}

// raise notes that purge number revision names what has these hashes.
func raise(m *map[uint64]int64, hashes []uint64, revision int64) {
	if *m == nil && len(hashes) > 0 {
		*m = make(map[uint64]int64)
	}
	for _, h := range hashes {
		(*m)[h] = max((*m)[h], revision)
	}
}

// lower takes back a raise, as far as no newer one has replaced it.
func lower(m *map[uint64]int64, hashes []uint64, revision int64) {
	for _, h := range hashes {
		if (*m)[h] == revision {
			delete(*m, h)
		}
	}
	if len(*m) == 0 {
		*m = nil // a map does not shrink
	}
}

// prefixes are byte strings in order, with their revisions. They are
// immutable. A string that ends before another which begins with it stands
// before that one, with nothing between the two that does not begin with it;
// so of any string the prefixes are found from its place on, along up.
type prefixes []prefix

type prefix struct {
	text     string
	revision int64
	up       int32 // the longest other prefix of text; -1: none
	newest   int64 // of revision and those along up
}

// newest returns the newest revision among the prefixes of s.
func (p prefixes) newest(s string) int64 {
	i := int32(sort.Search(len(p), func(i int) bool { return p[i].text > s })) - 1
	for i >= 0 && !strings.HasPrefix(s, p[i].text) {
		i = p[i].up
	}
	if i < 0 {
		return 0
	}
	return p[i].newest
}

// with returns p and texts, as of revision.
func (p prefixes) with(texts []string, revision int64) prefixes {
	if len(texts) == 0 {
		return p
	}
	out := slices.Grow(slices.Clone(p), len(texts))
	for _, t := range texts {
		out = append(out, prefix{text: t, revision: revision})
	}
	slices.SortFunc(out, func(a, b prefix) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return int(max(-1, min(1, b.revision-a.revision))) // the newest first, which stays
	})
	return slices.CompactFunc(out, func(a, b prefix) bool { return a.text == b.text }).linked()
}

// without returns p less the texts that have this revision.
func (p prefixes) without(texts []string, revision int64) prefixes {
	if len(texts) == 0 {
		return p
	}
	gone := make(map[string]bool, len(texts))
	for _, t := range texts {
		gone[t] = true
	}
	var out prefixes
	for _, x := range p {
		if x.revision != revision || !gone[x.text] {
			out = append(out, x)
		}
	}
	return out.linked()
}

// linked sets up and newest.
func (p prefixes) linked() prefixes {
	for i := range p {
		up := int32(i) - 1
		for up >= 0 && !strings.HasPrefix(p[i].text, p[up].text) {
			up = p[up].up
		}
		p[i].up, p[i].newest = up, p[i].revision
		if up >= 0 {
			p[i].newest = max(p[i].newest, p[up].newest)
		}
	}
	return p
}
