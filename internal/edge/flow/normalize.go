package flow

import (
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Normalize sets Query, HasQuery and Fields from the request, as the rules of
// the site say. The error is ErrRepeated or ErrEscape. It allocates only
// where a query is picked from or cookies are taken out.
func (x *Exchange) Normalize() error {
	req := &x.Request
	if err := x.normalizeQuery(); err != nil {
		return err
	}
	x.Fields = req.Fields
	s := x.Site
	cookies := !s.Signed && s.Cookies != zone.CookiesForward && req.Fields.Get("Cookie") != nil
	authorization := s.IgnoreAuthorization && req.Fields.Get("Authorization") != nil
	if !cookies && !authorization {
		return nil
	}
	x.fields = x.fields[:0]
	for i := range req.Fields {
		f := &req.Fields[i]
		if cookies && httpmsg.EqualFold(f.Name, "Cookie") || authorization && httpmsg.EqualFold(f.Name, "Authorization") {
			continue
		}
		x.fields = append(x.fields, *f)
	}
	if cookies && s.Cookies == zone.CookiesKey {
		x.cookies = AppendCookies(x.cookies[:0], req.Fields, s.Zone.Cache.Cookies.Names)
		if len(x.cookies) > 0 {
			x.fields = append(x.fields, httpmsg.Field{Name: cookieName, Value: x.cookies})
		}
	}
	x.Fields = x.fields
	return nil
}

var cookieName = []byte("Cookie")

func (x *Exchange) normalizeQuery() error {
	req, q := &x.Request, &x.Site.Query
	switch {
	case !req.HasQuery || q.Send.Mode == "":
		return nil
	case q.Send.Mode == zone.QueryAll && !q.Sort:
		x.Query, x.HasQuery = req.Query, true
		return nil
	}
	var err error
	x.query, err = q.AppendSent(x.query[:0], req.Query)
	// A query of which nothing is left is none, unless all of it is sent.
	x.Query, x.HasQuery = x.query, len(x.query) > 0 || q.Send.Mode == zone.QueryAll
	return err
}
