package zone

import "github.com/cistern-cdn/cistern/internal/spec/catalog"

// A Fault is one wrong value in what a customer configured. As an error its
// text is "field: message".
type Fault struct {
	Field   string      // path as in the API, "origins.0.s3_region"
	Code    catalog.API // of status 422
	Message string      // what the value must be; reads on from the field's name
	Hint    string      // the mend, if there is more to say than Code's row does
}

// Error returns field and message.
func (f *Fault) Error() string { return f.Field + ": " + f.Message }

func fault(field string, code catalog.API, message string) *Fault {
	return &Fault{Field: field, Code: code, Message: message}
}

// Under returns faults with each field put below path, "origins.0".
func Under(path string, faults []Fault) []Fault {
	out := make([]Fault, len(faults))
	for i, f := range faults {
		f.Field = path + "." + f.Field
		out[i] = f
	}
	return out
}

// A list collects faults.
type list []Fault

func (l *list) add(field string, code catalog.API, message string) {
	*l = append(*l, Fault{Field: field, Code: code, Message: message})
}

// addErr adds what is a *Fault; nil adds nothing.
func (l *list) addErr(err error) {
	if f, ok := err.(*Fault); ok {
		*l = append(*l, *f)
	}
}
