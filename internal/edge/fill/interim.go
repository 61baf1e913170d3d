package fill

import (
	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// An interim is an interim response of the origin (RFC 9110, 15.2).
type interim struct {
	status int
	fields httpmsg.Fields
}

// hear notes an interim response, for all who wait. It implements
// flow.Fetch.Interim.
func (fl *flight) hear(status int, fields httpmsg.Fields) {
	f := fl.filler
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.heard = append(fl.heard, interim{status, fields})
	close(fl.news)
	fl.news = make(chan struct{})
}

// await blocks until the outcome of the flight is known. Interim responses
// are passed on to x as they come, those from before x joined first.
func (f *Filler) await(x *flow.Exchange, fl *flight) {
	if x.Site.Signed || x.Interim == nil {
		<-fl.ready
		return
	}
	told := 0
	for ready := false; !ready; {
		f.mu.Lock()
		heard, news := fl.heard[told:], fl.news
		f.mu.Unlock()
		if told += len(heard); len(heard) == 0 {
			select {
			case <-fl.ready:
				ready = true
			case <-news:
			}
			continue
		}
		for i := range heard {
			x.Interim(heard[i].status, heard[i].fields)
		}
	}
}
