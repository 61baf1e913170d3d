package api

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"strings"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// GetErrorsPage answers GET /docs/errors, where the type of every problem
// leads (RFC 9457, 3.1.1).
func (s *server) GetErrorsPage(context.Context, contract.GetErrorsPageRequestObject) (contract.GetErrorsPageResponseObject, error) {
	return contract.GetErrorsPage200TextHTMLResponse{Body: bytes.NewReader(s.errorsPage), ContentLength: int64(len(s.errorsPage))}, nil
}

// A chapter is one list of the catalogue on the page.
type chapter struct {
	Title string
	Rows  []catalog.Row
}

// renderErrors writes the catalogue as a page. An error is a bug in it.
func renderErrors() ([]byte, error) {
	t, err := template.New("errors").Funcs(template.FuncMap{"anchor": anchor, "status": statusWord}).Parse(errorsTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse page of errors: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, []chapter{
		{"Answers of the API", rowsOf(catalog.APICodes())},
		{"Between edge and origin", rowsOf(catalog.OriginCodes())},
		{"Refused requests of viewers", rowsOf(catalog.AccessCodes())},
	}); err != nil {
		return nil, fmt.Errorf("write page of errors: %w", err)
	}
	return b.Bytes(), nil
}

func rowsOf[C interface{ Row() catalog.Row }](codes []C) []catalog.Row {
	var rows []catalog.Row
	for _, c := range codes {
		rows = append(rows, c.Row())
	}
	return rows
}

// anchor names the row's place on the page, as the type of a problem does.
func anchor(r catalog.Row) string {
	_, name, _ := strings.Cut(r.Docs, "#")
	return name
}

func statusWord(status int) string {
	switch status {
	case 0:
		return "Diagnosis"
	case 200:
		return "Warning"
	}
	return fmt.Sprintf("Status %d", status)
}

const errorsTemplate = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cistern: error codes</title>
<style>
body { font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem }
section:target { background: #ffd }
</style>
</head>
<body>
<h1>Error codes</h1>
<p>Codes are stable: programs may compare them. Titles and texts are for people and may change.</p>
{{range .}}<h2>{{.Title}}</h2>
{{range .Rows}}<section id="{{anchor .}}">
<h3><code>{{.Code}}</code></h3>
<p>{{status .Status}}. {{.Title}}. {{.Meaning}}</p>
<p><strong>What to do:</strong> {{.Fix}}</p>
{{with .Field}}<p>Setting: <code>{{.}}</code></p>
{{end}}</section>
{{end}}{{end}}</body>
</html>
`
