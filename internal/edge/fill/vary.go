package fill

import (
	"bytes"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// selects returns the names by which the answers to a key are told apart, as
// flow.Object.Vary holds them. Fields that no origin gets tell nothing apart.
// ok is false if the answer is for one request only.
func (fl *flight) selects(response httpmsg.Fields) (vary []byte, ok bool) {
	names, ok := httpcache.AppendVary(nil, response)
	if !ok || len(names) == 0 {
		return nil, ok
	}
	site := fl.fetch.Site
	for name := range bytes.SplitSeq(names, []byte(",")) {
		switch string(name) {
		case "x-forwarded-for":
			return nil, false
		case "x-forwarded-host":
			if !site.Zone.Cache.Key.Host {
				return nil, false
			}
			continue
		case "x-forwarded-proto":
			if !site.Zone.Cache.Key.Scheme {
				return nil, false
			}
			continue
		}
		if !flow.Travels(name) {
			continue
		}
		if len(vary) > 0 {
			vary = append(vary, ',')
		}
		vary = append(vary, name...)
	}
	return vary, true
}

// normalCodings replaces Accept-Encoding by what decides between variants, so
// that one variant is not two things (RFC 9110, 12.5.3).
func normalCodings(fields httpmsg.Fields) httpmsg.Fields {
	if fields.Get("Accept-Encoding") == nil {
		return fields
	}
	value := httpcache.AppendAcceptEncoding(nil, httpcache.AcceptedCodings(fields))
	return append(fields.Drop("Accept-Encoding"), httpmsg.Field{Name: []byte("Accept-Encoding"), Value: value})
}
