package conformance

import (
	"net/http"
	"strconv"
)

// status is about which statuses are stored, with a lifetime that is stated
// or guessed (RFC 9111, 3 and 4.2.2).
func status() []scenario {
	return join(statedByStatus(), heuristicByStatus(), heuristicAmount())
}

// finalStatuses are those of RFC 9110, others in use, and some of each class
// that nobody uses. 206 and 304 answer no request of ours.
func finalStatuses() []int {
	return []int{
		200, 201, 202, 203, 204, 205, 207, 208, 226, 260, 299,
		300, 301, 302, 303, 305, 306, 307, 308, 360, 399,
		400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 460, 499,
		500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 560, 599,
	}
}

// neverStored reports whether RFC 6585, 3 to 6, forbids to store a status.
func neverStored(status int) bool {
	return status == 428 || status == 429 || status == 431 || status == 511
}

// statedByStatus stores every status with a stated lifetime, but four.
func statedByStatus() []scenario {
	var cases []scenario
	for _, status := range finalStatuses() {
		n := strconv.Itoa(status)
		answerWith := func(fields ...string) []answer {
			return []answer{{status: status, fields: fields, empty: status == http.StatusResetContent}}
		}
		if neverStored(status) {
			cases = append(cases, scenario{name: n + " with max-age", rfc: "6585", steps: []step{
				{origin: says(status, "Cache-Control: max-age=3600, public"), from: fetched},
				{origin: with(), from: fetched},
			}})
			continue
		}
		cases = append(cases,
			scenario{name: n + " with max-age", rfc: "9111 3", steps: []step{
				{origin: answerWith("Cache-Control: max-age=3600", "X-Own: kept"), from: fetched},
				{from: stored, want: []string{"X-Own: kept"}},
			}},
			scenario{name: n + " with Expires", rfc: "9111 3", steps: []step{
				{origin: answerWith("Expires: {now+3600}"), from: fetched},
				{from: stored},
			}},
			scenario{name: n + " with no-store", rfc: "9111 5.2.2.5", steps: []step{
				{origin: answerWith("Cache-Control: max-age=3600, no-store"), from: fetched},
				{origin: answerWith(), from: fetched},
			}},
			scenario{name: n + " past its max-age", rfc: "9111 4.2", steps: []step{
				{origin: answerWith("Cache-Control: s-maxage=3600", "Age: 7200"), from: fetched},
				{origin: with(), from: fetched},
			}},
		)
	}
	return cases
}

// heuristicByStatus guesses a lifetime only for statuses that are defined to
// allow it (RFC 9110, 15.1), or that are marked public.
func heuristicByStatus() []scenario {
	guessed := map[int]bool{200: true, 203: true, 204: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true, 501: true}
	var cases []scenario
	for _, status := range finalStatuses() {
		if status == http.StatusResetContent || neverStored(status) {
			continue
		}
		n := strconv.Itoa(status)
		second := fetched
		if guessed[status] {
			second = stored
		}
		cases = append(cases,
			scenario{name: n + " by Last-Modified", rfc: "9111 4.2.2", steps: []step{
				{origin: says(status, "Last-Modified: {now-864000}"), from: fetched},
				{origin: with(), from: second},
			}},
			scenario{name: n + " by Last-Modified, public", rfc: "9111 4.2.2", steps: []step{
				{origin: says(status, "Last-Modified: {now-864000}", "Cache-Control: public"), from: fetched},
				{origin: with(), from: stored},
			}},
		)
		if !guessed[status] {
			cases = append(cases, scenario{name: n + " without anything", rfc: "9111 3", steps: []step{
				{origin: says(status), from: fetched},
				{origin: with(), from: fetched},
			}})
		}
	}
	return cases
}

// heuristicAmount is a tenth of the time since the last change, at most a day.
func heuristicAmount() []scenario {
	return join(
		twice("9111 4.2.2",
			row{"within a tenth", stored, fields("Last-Modified: {now-36000}", "Age: 3000")},
			row{"beyond a tenth", fetched, fields("Last-Modified: {now-36000}", "Age: 4000")},
			row{"the tenth counts from Date", stored, fields("Date: {now-3000}", "Last-Modified: {now-39000}")},
			row{"the tenth counts from Date, passed", fetched, fields("Date: {now-4000}", "Last-Modified: {now-40000}")},
			row{"within a day", stored, fields("Last-Modified: {now-315360000}", "Age: 80000")},
			row{"beyond a day", fetched, fields("Last-Modified: {now-315360000}", "Age: 90000")},
			row{"changed just now", fetched, fields("Last-Modified: {now}")},
			row{"changed in the future", fetched, fields("Last-Modified: {now+36000}")},
			row{"no Last-Modified", fetched, fields(`X-Any: a`)},
			row{"ETag instead of Last-Modified", fetched, fields(`ETag: "a"`)},
			row{"public alone", fetched, fields("Cache-Control: public")},
			row{"with a query", stored, fields("Last-Modified: {now-864000}", "Content-Type: text/html")},
		),
		twice("9111 4.2.2",
			row{"not for max-age of zero", fetched, fields("Last-Modified: {now-864000}", "Cache-Control: max-age=0")},
			row{"not for a passed max-age", fetched, fields("Last-Modified: {now-864000}", "Cache-Control: max-age=10", "Age: 20")},
			row{"not for an invalid max-age", fetched, fields("Last-Modified: {now-864000}", "Cache-Control: max-age=abc")},
			row{"not for past Expires", fetched, fields("Last-Modified: {now-864000}", "Expires: {now-10}")},
			row{"not for invalid Expires", fetched, fields("Last-Modified: {now-864000}", "Expires: 0")},
			row{"not for no-store", fetched, fields("Last-Modified: {now-864000}", "Cache-Control: no-store")},
			row{"not for private", fetched, fields("Last-Modified: {now-864000}", "Cache-Control: private")},
			row{"not for no-cache", fetched, fields("Last-Modified: {now-864000}", "Cache-Control: no-cache")},
			row{"for unknown directives", stored, fields("Last-Modified: {now-864000}", "Cache-Control: xyz")},
			row{"for must-revalidate", stored, fields("Last-Modified: {now-864000}", "Cache-Control: must-revalidate")},
		),
	)
}
