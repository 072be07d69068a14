// Serves as many series as it is told through Prometheus' Go client library: what the agent's own encoder is held
// against. usage: exposition-go SERIES. Prints the port, and serves until its standard input ends.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	series, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	registry := prometheus.NewRegistry()
	const families = 30
	for family := 0; family < families; family++ {
		gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: fmt.Sprintf("fedhealth_family_%d", family),
			Help: "A family of the bench.",
		}, []string{"domain", "endpoint", "address", "transport"})
		registry.MustRegister(gauge)
		for i := 0; i < series/families; i++ {
			name := fmt.Sprintf("domain-%d.example", i)
			gauge.WithLabelValues(name, "xmpp."+name+":5269", "192.0.2.10", "starttls").Set(float64(i) + 0.25)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	go http.Serve(listener, nil)
	io.Copy(io.Discard, os.Stdin)
}
