package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// A checked body is one that was compared with the form of its operation.
type checked struct {
	clean    []byte         // JSON with what is left when the faults, unbuilt and read-only fields are taken out
	faults   []fault        // all of them
	readOnly map[string]any // read-only fields sent, by path
}

// check reads a body. The problem tells that it is no JSON object at all.
func (f *form) check(body []byte) (*checked, *problem) {
	if !utf8.Valid(body) {
		return nil, refuse(catalog.APIBadJSON, "the body is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, refuse(catalog.APIBadJSON, "%s", jsonFault(err, len(body)))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(catalog.APIBadJSON, "byte %d: there is more after the object", dec.InputOffset())
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, invalid([]fault{{code: catalog.APIBadType, message: "the body must be a JSON object"}})
	}
	c := &checked{readOnly: map[string]any{}}
	f.sort(c, "", object, f.schema, f.unbuilt, f.readOnly)
	c.visit(object, f.schema)
	var err error
	if c.clean, err = json.Marshal(object); err != nil {
		return nil, refuse(catalog.APIBadJSON, "%s", err)
	}
	return c, nil
}

// jsonFault says where a body stops being JSON, without repeating any of it.
func jsonFault(err error, size int) string {
	var syntax *json.SyntaxError
	switch {
	case size == 0:
		return "the body is empty"
	case errors.As(err, &syntax):
		return fmt.Sprintf("byte %d: %s", syntax.Offset, syntax.Error())
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("byte %d: the body ends too early", size)
	}
	return "the body cannot be read"
}

// sort takes out of object what schema does not have: unbuilt settings,
// read-only fields and unknown ones.
func (f *form) sort(c *checked, at string, object map[string]any, schema *openapi3.Schema, unbuilt map[string]any, readOnly map[string]bool) {
	for name, value := range object {
		field := join(at, name)
		p := schema.Properties[name]
		def, waits := unbuilt[name]
		inner, _ := def.(map[string]any)
		sub, isObject := value.(map[string]any)
		descends := p != nil && len(p.Value.Properties) > 0
		switch {
		case waits && !(descends && len(inner) > 0):
			delete(object, name)
			c.faults = append(c.faults, checkUnbuilt(field, value, def)...)
			continue
		case p == nil && readOnly[name]:
			delete(object, name)
			c.readOnly[field] = value
			continue
		case p == nil:
			delete(object, name)
			c.faults = append(c.faults, unknownField(field))
			continue
		case unbuiltValue(field, value):
			delete(object, name)
			c.faults = append(c.faults, fault{field: field, code: catalog.APIUnsupported, message: "this version does not have this value",
				hint: "Alibaba Cloud OSS and its signatures come with a later version; every other store is signed for with sigv4."})
			continue
		}
		if isObject && descends {
			f.sort(c, field, sub, p.Value, inner, nil)
		}
		if item := f.items[name]; item != nil && at == "" {
			list, _ := value.([]any)
			for i, v := range list {
				if sub, ok := v.(map[string]any); ok {
					item.sort(c, join(field, strconv.Itoa(i)), sub, item.schema, item.unbuilt, item.readOnly)
				}
			}
		}
	}
}

// visit compares what is left with the schema, and takes out what is wrong.
func (c *checked) visit(object map[string]any, schema *openapi3.Schema) {
	err := schema.VisitJSON(object, openapi3.MultiErrors(), openapi3.VisitAsRequest())
	var wrong [][]string
	report := func(e *openapi3.SchemaError) {
		c.faults = append(c.faults, faultOf(e))
		wrong = append(wrong, e.JSONPointer())
	}
	var collect func(error)
	collect = func(err error) {
		switch e := err.(type) {
		case openapi3.MultiError:
			for _, one := range e {
				collect(one)
			}
		case *openapi3.SchemaError:
			if e.SchemaField == "allOf" && e.Origin != nil {
				collect(e.Origin)
				return
			}
			inside := insideOneOf(e)
			if len(inside) == 0 {
				report(e)
			}
			for _, one := range inside {
				report(one)
			}
		default:
			panic(fmt.Sprintf("bug: check body: %T: %v", err, err))
		}
	}
	if err != nil {
		collect(err)
	}
	// Only now, as taking out shifts nothing that is still to be reported.
	for _, path := range wrong {
		remove(object, path)
	}
}

// insideOneOf returns, of a value that has none of several forms, the errors
// about what lies inside it: if there are some, its own form is plain enough.
func insideOneOf(e *openapi3.SchemaError) []*openapi3.SchemaError {
	if e.SchemaField != "oneOf" {
		return nil
	}
	var out []*openapi3.SchemaError
	var collect func(error)
	collect = func(err error) {
		switch inner := err.(type) {
		case openapi3.MultiError:
			for _, one := range inner {
				collect(one)
			}
		case *openapi3.SchemaError:
			if len(inner.JSONPointer()) > len(e.JSONPointer()) {
				out = append(out, inner)
			}
		case interface{ Unwrap() error }: // of a type that is not exported
			collect(inner.Unwrap())
		}
	}
	collect(e.Origin)
	return out
}

// remove deletes the value at path, or, if it is an element of a list, the
// list: so no other element changes its index.
func remove(v any, path []string) {
	var owner map[string]any
	name := ""
	for n, step := range path {
		switch at := v.(type) {
		case map[string]any:
			owner, name = at, step
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return
			}
			v = at[i]
			if _, ok := v.(map[string]any); ok && n < len(path)-1 {
				owner, name = nil, "" // what is wrong lies inside the element
			}
		}
	}
	if owner != nil {
		delete(owner, name)
	}
}

// faultOf says in our words what a schema refuses. It never repeats the
// value, which may be a secret.
func faultOf(e *openapi3.SchemaError) fault {
	f := fault{field: strings.Join(e.JSONPointer(), ".")}
	s := e.Schema
	switch e.SchemaField {
	case "type", "nullable":
		f.code, f.message = catalog.APIBadType, "must be "+typeName(s)
	case "required":
		f.code, f.message = catalog.APIRequired, "is required"
	case "enum":
		words := []string{}
		for _, w := range s.Enum {
			if w != nil {
				words = append(words, fmt.Sprint(w))
			}
		}
		f.code, f.message = catalog.APIBadEnum, "must be one of "+strings.Join(words, ", ")
	case "minimum", "maximum":
		f.code, f.message = catalog.APIOutOfRange, fmt.Sprintf("must be from %.0f to %.0f", *s.Min, *s.Max)
	case "maxLength":
		f.code, f.message = catalog.APITooLong, fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case "minLength":
		f.code, f.message = catalog.APIRequired, "must not be empty"
	case "oneOf":
		f.code, f.message = catalog.APIBadEnum, "must be "+s.Title
	case "maxItems":
		f.code, f.message = catalog.APITooMany, fmt.Sprintf("must hold at most %d entries", *s.MaxItems)
	default:
		f.code, f.message = catalog.APIBadFormat, e.Reason
	}
	return f
}

// typeName names the JSON type of a schema for a message.
func typeName(s *openapi3.Schema) string {
	switch {
	case s.Type.Is("integer"):
		return "a whole number"
	case s.Type.Is("boolean"):
		return "true or false"
	case s.Type.Is("array"):
		return "a list"
	case s.Type.Is("object"):
		return "an object"
	}
	return "a text"
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
