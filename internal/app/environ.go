package app

import (
	"slices"
	"strings"
)

// A Misspelt is an environment variable that nothing reads, and the one that
// was probably meant. It does not hold the value, which may be a secret.
type Misspelt struct{ Name, Meant string }

const envPrefix = "CISTERN_"

// FindMisspelt returns those of the variables environ ("NAME=value") that begin
// with CISTERN_ and resemble one of known, without being it. What resembles
// none is somebody else's: Kubernetes sets CISTERN_SERVICE_HOST and the like
// for a service of that name.
func FindMisspelt(environ, known []string) (found []Misspelt) {
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) {
			continue
		}
		if meant := closest(name, known); meant != "" {
			found = append(found, Misspelt{name, meant})
		}
	}
	slices.SortFunc(found, func(a, b Misspelt) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// closest returns the known name that name may be a slip of; empty: none.
func closest(name string, known []string) (best string) {
	word := strings.TrimPrefix(name, envPrefix)
	// One slip, two in a long word, or a word that was cut short.
	limit := 1
	if len(word) >= 10 {
		limit = 2
	}
	for _, k := range known {
		want := strings.TrimPrefix(k, envPrefix)
		if d := distance(strings.ToUpper(word), want); d <= limit {
			best, limit = k, d-1
		}
	}
	if best != "" || len(word) < 5 {
		return best
	}
	for _, k := range known {
		if want := strings.TrimPrefix(k, envPrefix); strings.HasPrefix(want, word) || len(want) >= 5 && strings.HasPrefix(word, want) {
			return k
		}
	}
	return ""
}

// distance counts the letters to insert, drop, replace or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := 1
			if a[i-1] == b[j-1] {
				replace = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
