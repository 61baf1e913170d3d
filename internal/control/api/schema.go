package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	spec "github.com/cistern-cdn/cistern/api"
	"github.com/cistern-cdn/cistern/internal/control/store"
)

const defaultMaxBody = 1 << 20

// A document is api/openapi.yaml as the server needs it.
type document struct {
	json       []byte
	operations map[string]*operation // by pattern of the router, "GET /cdn/zones"
	methods    map[string][]string   // by path of the document, sorted
}

// An operation is what the document says of one.
type operation struct {
	public  bool         // needs no login
	roles   []store.Role // that may call it
	maxBody int64        // bytes
	query   map[string]*openapi3.Schema
	body    *form // nil: none
}

// A form says what the bodies of an operation may hold.
type form struct {
	schema   *openapi3.Schema
	readOnly map[string]bool // fields that are read and not written
	unbuilt  map[string]any  // fields without effect, and their defaults
	items    map[string]*form
}

// load reads the document. An error is a bug in it.
func load() (*document, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	d := &document{operations: map[string]*operation{}, methods: map[string][]string{}}
	if d.json, err = doc.MarshalJSON(); err != nil {
		return nil, fmt.Errorf("write openapi.json: %w", err)
	}
	for _, s := range doc.Components.Schemas {
		flatten(s.Value)
	}
	forms, err := forms(doc)
	if err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o, err := newOperation(op, forms)
			if err != nil {
				return nil, fmt.Errorf("read openapi.yaml: %s: %w", op.OperationID, err)
			}
			d.operations[method+" "+path] = o
			d.methods[path] = append(d.methods[path], method)
		}
		slices.Sort(d.methods[path])
	}
	return d, nil
}

// flatten replaces properties of the form {nullable, allOf: [one]} by a
// nullable copy of the one: behind allOf the check of a body would report only
// the first fault.
func flatten(s *openapi3.Schema) {
	for _, p := range s.Properties {
		if v := p.Value; v.Nullable && len(v.AllOf) == 1 {
			one := *v.AllOf[0].Value
			one.Nullable = true
			if one.Enum != nil {
				one.Enum = append(one.Enum[:len(one.Enum):len(one.Enum)], nil)
			}
			p.Value, p.Ref = &one, ""
		}
	}
}

func newOperation(op *openapi3.Operation, forms map[string]*form) (*operation, error) {
	o := &operation{maxBody: defaultMaxBody, query: map[string]*openapi3.Schema{}}
	o.public = op.Security != nil && len(*op.Security) == 0
	roles, _ := op.Extensions["x-roles"].([]any)
	for _, role := range roles {
		o.roles = append(o.roles, store.Role(fmt.Sprint(role)))
	}
	if !o.public && len(o.roles) == 0 {
		return nil, fmt.Errorf("x-roles is missing")
	}
	if limit, ok := op.Extensions["x-max-body-bytes"].(float64); ok {
		o.maxBody = int64(limit)
	}
	for _, p := range op.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			o.query[p.Value.Name] = p.Value.Schema.Value
		}
	}
	if op.RequestBody == nil {
		return o, nil
	}
	ref := op.RequestBody.Value.Content["application/json"].Schema.Ref
	if o.body = forms[ref[strings.LastIndexByte(ref, '/')+1:]]; o.body == nil {
		return nil, fmt.Errorf("no form for body %s", ref)
	}
	return o, nil
}

// forms returns the form of every body, by the name of its schema.
func forms(doc *openapi3.T) (map[string]*form, error) {
	out := map[string]*form{}
	for _, f := range [...]struct{ write, read, unbuilt string }{
		{"OriginCreate", "Origin", unbuiltOrigin},
		{"OriginPatch", "Origin", unbuiltOrigin},
		{"PurgeCreate", "Purge", "{}"},
		{"ZoneCreate", "Zone", unbuiltZone},
		{"ZonePatch", "Zone", unbuiltZone},
	} {
		write, read := doc.Components.Schemas[f.write].Value, doc.Components.Schemas[f.read].Value
		made := &form{schema: write, readOnly: map[string]bool{}}
		for name := range read.Properties {
			if write.Properties[name] == nil {
				made.readOnly[name] = true
			}
		}
		if err := json.Unmarshal([]byte(f.unbuilt), &made.unbuilt); err != nil {
			return nil, fmt.Errorf("read unbuilt settings of %s: %w", f.read, err)
		}
		out[f.write] = made
	}
	zones := out["ZoneCreate"]
	zones.items = map[string]*form{"origins": out["OriginCreate"]}
	return out, nil
}

// pathOf returns the path of the document that has the form of path, or "".
func (d *document) pathOf(path string) string {
	for pattern := range d.methods {
		if matches(segments(pattern), path) {
			return pattern
		}
	}
	return ""
}

// takes reports whether a path of the document has the method. HEAD is GET
// without the body (RFC 9110, 9.3.2).
func (d *document) takes(path, method string) bool {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return slices.Contains(d.methods[path], method)
}

// allow is the Allow field of a path of the document.
func (d *document) allow(path string) string {
	methods := d.methods[path]
	if slices.Contains(methods, http.MethodGet) {
		methods = append([]string{http.MethodHead}, methods...)
	}
	return strings.Join(methods, ", ")
}

// segments turns "/cdn/zones/{uuid}" into "/cdn/zones/*".
func segments(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}
