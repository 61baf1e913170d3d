// Package catalog is the error catalogue of Cistern: every code that the API
// answers, an edge logs or a page shows, with its text. The codes are
// generated from api/errors.yaml, so that one that is not in the file does not
// compile; docs/errors.md is made from the same file.
package catalog

// A Row is what the catalogue says about one code.
type Row struct {
	Code    string // stable name; unique within its list
	Status  int    // HTTP status; see the type of the code for 0 and 200
	Title   string // a few words for people, without full stop
	Meaning string // what happened; sentences
	Fix     string // what to do about it; sentences, shown as the hint
	Field   string // setting to look at; empty: none
	Docs    string // page that tells more, relative to docs/, "errors#not_found"
}
